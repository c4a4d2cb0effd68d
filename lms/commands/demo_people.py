"""The invented people and departments of the demonstration hospital."""

from dataclasses import dataclass

PASSWORD = "correct-horse-battery"  # noqa: S105 - printed on purpose, for a demonstration only

# Three levels: the hospital's divisions, departments, units.
TREE: dict[str, dict[str, tuple[str, ...]]] = {
    "Acute Care": {
        "Emergency Medicine": ("Adult Emergency", "Pediatric Emergency"),
        "Critical Care": ("Medical ICU", "Surgical ICU"),
        "Patient Access": ("Registration", "Security"),
    },
    "Women and Children": {
        "Women’s Health": ("Obstetrics", "Family Planning"),
        "Pediatrics": ("Adolescent Medicine", "General Pediatrics"),
    },
    "Community Medicine": {
        "Primary Care": ("Valley Clinic", "Harbor Clinic"),
        "Behavioral Health": ("Outpatient Psychiatry", "Social Work"),
    },
}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One of the seven named accounts: who they are and what they may do."""

    email: str
    name: str
    profession: str
    state: str | None
    department: str
    role: str | None = None
    role_department: str | None = None


CAST = (
    Cast(
        email="lena",
        name="Lena Nguyễn, MD",
        profession="physician",
        state="CA",
        department="Emergency Medicine",
    ),
    Cast(
        email="noor",
        name="Noor Haddad, RN",
        profession="nurse",
        state="CA",
        department="Emergency Medicine",
    ),
    Cast(
        email="sam",
        name="Sam Okafor",
        profession="support",
        state=None,
        department="Patient Access",
    ),
    Cast(
        email="cora",
        name="Cora Lindqvist",
        profession="other",
        state=None,
        department="Emergency Medicine",
        role="coordinator",
        role_department="Emergency Medicine",
    ),
    Cast(
        email="otto",
        name="Otto Brandt",
        profession="other",
        state=None,
        department="Women’s Health",
        role="coordinator",
        role_department="Women’s Health",
    ),
    Cast(
        email="petra",
        name="Petra Alvarez",
        profession="other",
        state=None,
        department="Behavioral Health",
        role="planner",
    ),
    Cast(
        email="ada",
        name="Ada Whitfield",
        profession="other",
        state=None,
        department="Primary Care",
        role="administrator",
    ),
)

# Names by script; where the machine has no face for one, the second form is used.
SCRIPTS: tuple[tuple[str, str], ...] = (
    ("王小明", "Wang Xiaoming"),
    ("赵美玲", "Zhao Meiling"),
    ("李秀英", "Li Xiuying"),
    ("山田 太郎", "Yamada Taro"),
    ("佐藤 花子", "Sato Hanako"),
    ("김민준", "Kim Minjun"),
    ("박서연", "Park Seoyeon"),
    ("محمد عبد الله الأحمد", "Mohammed Abdullah al-Ahmad"),
    ("سميرة الخطيب", "Samira al-Khatib"),
    ("ليلى حداد", "Layla Haddad"),
    ("יעל בן־דוד", "Yael Ben-David"),
    ("נועם לוי", "Noam Levi"),
    ("अनुष्का श्रीवास्तव", "Anushka Shrivastava"),
    ("राजेश शर्मा", "Rajesh Sharma"),
    ("Ελένη Παπαδοπούλου", "Eleni Papadopoulou"),
    ("Νίκος Αντωνίου", "Nikos Antoniou"),
    ("Наталья Щербакова", "Natalya Shcherbakova"),
    ("Олексій Шевченко", "Oleksii Shevchenko"),
)

FIRST = (
    "Amara",
    "Jiří",
    "Łukasz",
    "Þóra",
    "Oluwaseun",
    "Bích Ngọc",
    "Mei-Ling",
    "Siobhán",
    "Søren",
    "Zoë",
    "André",
    "Inés",
    "Tomás",
    "Fatima",
    "Kwame",
    "Ingrid",
    "Rafael",
    "Priyanka",
    "Dmitri",
    "Aaliyah",
    "Hana",
    "Mateo",
    "Chidi",
    "Elif",
    "Giulia",
    "Viktor",
    "Nadia",
    "Paulo",
    "Rosa",
    "Emeka",
    "Lucía",
    "Hiroshi",
    "Leilani",
    "Anaïs",
    "Björn",
    "Catalina",
    "Desta",
    "Esperanza",
    "Farid",
    "Gwen",
)
LAST = (
    "Diallo",
    "Dvořák",
    "Wiśniewski",
    "Jónsdóttir",
    "Adebayo-Whitcombe",
    "Hồ",
    "Nakamura",
    "Ó Briain",
    "Kjærgaard",
    "Müller",
    "Lefèvre",
    "García Márquez",
    "Quiñones",
    "al-Rashid",
    "Mensah",
    "Håkansson",
    "Ferreira",
    "Subramanian",
    "Volkov",
    "Johnson",
    "Novák",
    "Okonkwo",
    "Yılmaz",
    "Rossi",
    "Kovács",
    "Petrović",
    "da Silva",
    "Delgado",
    "Nwosu",
    "Castillo",
    "Kealoha",
    "Beaumont",
    "Lindgren",
    "Vargas",
    "Tesfaye",
    "Moreno",
    "Rahimi",
    "Llewellyn",
    "Thompson",
    "Bui",
)
# Suffix and profession, in the proportions of a hospital's staff.
PARTS: tuple[tuple[str, str], ...] = (
    (", MD", "physician"),
    (", RN", "nurse"),
    (", RN", "nurse"),
    (", NP", "app"),
    ("", "support"),
    (", RN", "nurse"),
    (", LCSW", "social_work"),
    (", PA-C", "app"),
    (", RN", "nurse"),
    ("", "allied"),
    (", DO", "physician"),
    (", EMT", "ems"),
)


def unit_names() -> list[str]:
    """Return every unit of the third level, in the order of the tree."""
    return [unit for parts in TREE.values() for units in parts.values() for unit in units]


def invented(count: int) -> list[tuple[str, str, str]]:
    """Return `count` people as (name, fallback name, profession), always the same ones."""
    people: list[tuple[str, str, str]] = []
    for place in range(count):
        suffix, profession = PARTS[place % len(PARTS)]
        if place % 11 == 5 and place // 11 < len(SCRIPTS):
            name, latin = SCRIPTS[place // 11]
            people.append((name, latin, profession))
            continue
        first = FIRST[place % len(FIRST)]
        last = LAST[(place * 7 + place // len(FIRST) * 3) % len(LAST)]
        people.append((f"{first} {last}{suffix}",) * 2 + (profession,))
    return people
