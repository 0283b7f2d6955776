"""Made-up identifiers of people in six countries, as they write them, and where they write them."""

import random
from collections.abc import Callable, Iterator

from faker import Faker

LOCALES = ("en_US", "en_GB", "fr_FR", "de_DE", "es_ES", "hi_IN")
KINDS: dict[str, Callable[[Faker], str]] = {
    "name": lambda fake: fake.name(),
    "first name": lambda fake: fake.first_name(),
    "last name": lambda fake: fake.last_name(),
    "address": lambda fake: fake.address(),
    "city": lambda fake: fake.city(),
    "phone": lambda fake: fake.phone_number(),
    "e-mail": lambda fake: fake.email(),
    "user": lambda fake: fake.user_name(),
    "date": lambda fake: str(fake.date_of_birth()),
    "date in words": lambda fake: fake.date_of_birth().strftime("%d %B %Y"),
    "insurance": lambda fake: fake.ssn(),
    "record": lambda fake: f"MRN {fake.random_number(8, fix_len=True)}",
    "accession": lambda fake: fake.bothify("S##-#####"),
    "uuid": lambda fake: fake.uuid4(),
    "object id": lambda fake: f"1.2.840.{fake.random_number(6, fix_len=True)}.{fake.random_number(9)}.4",
    "url": lambda fake: fake.url(),
    "ip": lambda fake: fake.ipv4(),
    "ipv6": lambda fake: fake.ipv6(),
    "iban": lambda fake: fake.iban(),
    "file": lambda fake: f"{fake.last_name()}_{fake.random_number(5)}.dcm",
    "digest": lambda fake: fake.sha256(),
    "user agent": lambda fake: fake.user_agent(),
}
CYRILLIC = "асеорхуАСЕНКМОРТХ"  # noqa: RUF001 - letters that look like the Latin ones below
LOOKALIKES = str.maketrans("aceopxyACEHKMOPTX", CYRILLIC)
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "shouted": str.upper,
    "spaced": " ".join,
    "dotted": ".".join,
    "hyphened": "-".join,
    "underscored": lambda text: text.replace(" ", "_"),
    "look-alike": lambda text: text.translate(LOOKALIKES),
    "invisible": "\u200b".join,
    "wide": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
}
ORDINARY = frozenset({"name", "first name", "last name", "phone", "record"})
"""Kinds that people disguise."""


def identifiers(seed: int, locale: str) -> Iterator[tuple[str, str]]:
    """Yield one identifier of each kind in each form, and what kind it is."""
    fake = Faker(locale)
    fake.seed_instance(seed)
    for kind, make in KINDS.items():
        written = make(fake)
        for form, change in FORMS.items():
            if kind in ORDINARY or form == "as it is":
                yield f"{kind}, {form}", change(written)


PLACES = {
    "en": [
        "My name is {} and I have a lump.",
        "{} is my mother, will she die?",
        "Please tell Dr {} about the biopsy",
        "Hi, this is {}. What does it mean?",
        "my sister {} had cancer",
        "What should I do?\n\nKind regards,\n{}",
        "Dear {},\nwhat is a cyst?",
        "The patient {} was seen by the surgeon.",
        "You can reach me at {} or at home",
        "we saw {} yesterday in the clinic",
    ],
    "fr": [
        "Je m'appelle {} et j'ai une boule.",
        "{} est ma mère, va-t-elle mourir ?",
        "Dites au docteur {} que j'ai peur",
        "Bonjour, je suis {}. Que faire ?",
        "ma sœur {} a eu un cancer",
        "Que faire ?\n\nCordialement,\n{}",
        "le rapport de {} est arrivé",
    ],
    "de": [
        "Ich heiße {} und habe einen Knoten.",
        "{} ist meine Mutter, muss sie sterben?",
        "Bitte sagen Sie Frau {} Bescheid",
        "Hallo, ich bin {}. Was bedeutet das?",
        "meine Schwester {} hatte Krebs",
        "Was soll ich tun?\n\nMit freundlichen Grüßen\n{}",
        "der Bericht von {} ist da",
    ],
    "es": [
        "Me llamo {} y tengo un bulto.",
        "{} es mi madre, ¿va a morir?",
        "Dígale al Dr. {} que tengo miedo",
        "Hola, soy {}. ¿Qué hago?",
        "mi hermana {} tuvo cáncer",
        "¿Qué hago?\n\nUn saludo,\n{}",
        "el informe de {} ya está",
    ],
    "hi": [
        "मेरा नाम {} है और मुझे गाँठ है।",
        "{} मेरी माँ हैं, क्या वे मर जाएँगी?",
        "डॉक्टर {} से पूछें",
        "नमस्ते, मैं {} हूँ। क्या करूँ?",
        "मेरी बहन {} को कैंसर था",
        "क्या करूँ?\n\nधन्यवाद,\n{}",
        "{} की रिपोर्ट आ गई",
    ],
}
"""Where an identifier stands in what people write; `{}` is its place."""


def place(language: str, seed: int) -> str:
    """Choose a place, the same for the same seed."""
    return random.Random(seed).choice(PLACES[language])  # noqa: S311 - no secret
