"""What a certificate file says about itself: information dictionary, XMP packet, identifier."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

PRODUCT = "Rounds"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Title, author, language (BCP 47) and instant of a file."""

    title: str
    author: str
    language: str
    at: datetime

    @property
    def pdf_date(self) -> str:
        """Answer the instant in the PDF form, in UTC."""
        return self.at.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")

    @property
    def xmp_date(self) -> str:
        """Answer the instant in the XMP form, in UTC."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def info(self) -> dict[str, str]:
        """Answer the entries of the information dictionary; they equal the XMP packet's."""
        return {
            "Title": self.title,
            "Author": self.author,
            "Producer": PRODUCT,
            "Creator": PRODUCT,
            "CreationDate": self.pdf_date,
            "ModDate": self.pdf_date,
        }

    def identifier(self, facts: bytes) -> str:
        """Answer the file identifier, which follows from what the file holds."""
        told = repr((self.title, self.author, self.language, self.xmp_date)).encode()
        return hashlib.sha256(told + facts).hexdigest()[:32]


def xmp(metadata: Metadata) -> bytes:
    """Answer the XMP packet that declares PDF/A-3a and PDF/UA-1.

    PDF/A knows no property of PDF/UA, so the packet brings the extension schema along.
    """
    when = metadata.xmp_date
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt>
<rdf:li xml:lang="x-default">{escape(metadata.title)}</rdf:li>
</rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{escape(metadata.author)}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{escape(metadata.language)}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{when}</xmp:CreateDate><xmp:ModifyDate>{when}</xmp:ModifyDate>
<xmp:MetadataDate>{when}</xmp:MetadataDate><xmp:CreatorTool>{PRODUCT}</xmp:CreatorTool>
<pdf:Producer>{PRODUCT}</pdf:Producer>
</rdf:Description>
<rdf:Description rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of PDF/UA</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>""".encode()
