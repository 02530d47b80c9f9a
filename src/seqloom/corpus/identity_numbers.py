"""Identity numbers of twenty-five countries, told by their form, their date and their check digits.

Where form and check leave little to chance, a number counts wherever it stands. Digits that might as well be an order
number count only after the name of the number (`BSN 111222333`), and a form that nothing else has without.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

_DIGITS_AND_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BEFORE = 40  # characters before a number in which its name may stand
_APART = re.compile(r"[\s./-]")
_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""Of characters at odd places of a codice fiscale, A to Z; the digits 0 to 9 have those of A to J."""
_DIHEDRAL = tuple(
    tuple((a + (b if a < 5 else -b)) % 5 + 5 * ((a < 5) != (b < 5)) for b in range(10)) for a in range(10)
)
"""Multiplication in the dihedral group of ten elements (Verhoeff 1969)."""
_VERHOEFF_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


@dataclass(frozen=True)
class IdentityNumber:
    """A kind of number."""

    country: str
    form: str  # pattern of the number as people write it
    is_valid: Callable[[str], bool]  # of its letters and digits alone
    name: str = ""  # pattern of words, of which one has to stand before it; empty: needs none

    def find(self, found: "re.Match[str]") -> str:
        """Return the number in a match of its form; empty if it is none."""
        if self.name:
            before = found.string[max(0, found.start() - _BEFORE) : found.start()]
            if not re.search(rf"(?:{self.name})[^\d\n]*$", before, re.IGNORECASE):
                return ""
        return found[0] if self.is_valid(_APART.sub("", found[0])) else ""


def luhn(digits: str) -> bool:
    """Return whether the last digit is right (ISO/IEC 7812-1)."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + doubled) % 10 == 0


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_date(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _iso_7064_11_10(digits: str) -> bool:
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def _verhoeff(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_TURN[value]
        check = _DIHEDRAL[check][value]
    return check == 0


def _us_ssn(digits: str) -> bool:
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _uk_nino(signs: str) -> bool:
    return signs[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def _fr_nir(signs: str) -> bool:
    number = signs[:13].replace("2A", "19").replace("2B", "18") if signs[5:7] in ("2A", "2B") else signs[:13]
    return number.isdigit() and 97 - int(number) % 97 == int(signs[13:])


def _de_tax_id(digits: str) -> bool:
    often = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    return digits[0] != "0" and often[-1] in (2, 3) and often[-2] == 1 and _iso_7064_11_10(digits)


def _es_dni(signs: str) -> bool:
    number = str("XYZ".find(signs[0])) + signs[1:-1] if signs[0] in "XYZ" else signs[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == signs[-1]


def _it_fiscal_code(signs: str) -> bool:
    values = [int(sign) if sign.isdigit() else ord(sign) - ord("A") for sign in signs[:15]]
    total = sum(_ODD_VALUES[value] for value in values[::2]) + sum(values[1::2])
    return signs[15] == chr(ord("A") + total % 26)


def _nl_bsn(digits: str) -> bool:
    return int(digits) > 0 and _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _pl_pesel(digits: str) -> bool:
    born = _is_date(str(int(digits[2:4]) % 20), digits[4:6]) and int(digits[2:4]) < 40
    return born and _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _se_number(signs: str) -> bool:
    digits = signs.replace("+", "")[-10:]
    return _is_date(digits[2:4], str(int(digits[4:6]) % 60)) and luhn(digits)


def _no_number(digits: str) -> bool:
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    sums = (_weighted(digits, first), _weighted(digits, second))
    born = _is_date(digits[2:4], str(int(digits[:2]) % 40)) and int(digits[:2]) <= 71
    return born and all(each % 11 == 0 for each in sums)


def _fi_hetu(signs: str) -> bool:
    digits, check = re.sub(r"\D", "", signs[:-1])[:9], signs[-1]
    return _is_date(digits[2:4], digits[:2]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == check


def _be_number(digits: str) -> bool:
    born = int(digits[2:4]) % 20 <= 12 and int(digits[4:6]) <= 31  # 0 where it is unknown
    return born and any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def _ch_ahv(digits: str) -> bool:
    return _weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _cn_number(signs: str) -> bool:
    check = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(signs[:17]))
    return _is_date(signs[10:12], signs[12:14]) and "10X98765432"[check % 11] == signs[17]


def _br_cpf(digits: str) -> bool:
    def right(length: int) -> bool:
        return _weighted(digits, range(length + 1, 1, -1)) * 10 % 11 % 10 == int(digits[length])

    return len(set(digits)) > 1 and right(9) and right(10)


def _tr_number(digits: str) -> bool:
    odd, even = sum(map(int, digits[0:9:2])), sum(map(int, digits[1:8:2]))
    return (odd * 7 - even) % 10 == int(digits[9]) and sum(map(int, digits[:10])) % 10 == int(digits[10])


def _za_number(digits: str) -> bool:
    return _is_date(digits[2:4], digits[4:6]) and digits[10] in "01" and luhn(digits)


def _kr_number(digits: str) -> bool:
    return _is_date(digits[2:4], digits[4:6])


def _ru_snils(digits: str) -> bool:
    return _weighted(digits, range(9, 0, -1)) % 101 % 100 == int(digits[9:])


def _au_tax_number(digits: str) -> bool:
    return _weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _pt_nif(digits: str) -> bool:
    return (11 - _weighted(digits, range(9, 1, -1)) % 11) % 11 % 10 == int(digits[8])


def _mx_curp(signs: str) -> bool:
    values = ["0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ".index(sign) for sign in signs[:17]]
    total = sum(value * (18 - place) for place, value in enumerate(values))
    return _is_date(signs[6:8], signs[8:10]) and (10 - total % 10) % 10 == int(signs[17])


def _cl_rut(signs: str) -> bool:
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(signs[:-1])))
    return "0123456789K0"[11 - total % 11] == signs[-1]


def _ro_cnp(digits: str) -> bool:
    total = _weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return _is_date(digits[3:5], digits[5:7]) and (1 if total == 10 else total) == int(digits[12])


def _cz_number(digits: str) -> bool:
    return _is_date(str(int(digits[2:4]) % 50 % 20), digits[4:6]) and int(digits) % 11 == 0


def _jp_my_number(digits: str) -> bool:
    rest = _weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(digits[11])


IDENTITY_NUMBERS = (
    IdentityNumber("US", r"\d{3}-\d\d-\d{4}", _us_ssn),
    IdentityNumber("US", r"\d{3} ?\d\d ?\d{4}", _us_ssn, r"\bssn\b|social security"),
    IdentityNumber("UK", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", _uk_nino),
    IdentityNumber("FR", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", _fr_nir),
    IdentityNumber("DE", r"\d\d \d{3} \d{3} \d{3}", _de_tax_id),
    IdentityNumber("DE", r"\d{11}", _de_tax_id, r"steuer|\bidnr|\btin\b|\btax\b"),
    IdentityNumber("ES", r"(?:\d{8}|\d\d?\.\d{3}\.\d{3}|[XYZ]-?\d{7})[- ]?[A-Z]", _es_dni),
    IdentityNumber(
        "IT",
        r"[A-Z]{3} ?[A-Z]{3} ?[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2} ?[A-Z][0-9L-NP-V]{3} ?[A-Z]",
        _it_fiscal_code,
    ),
    IdentityNumber("NL", r"\d{4}\.\d\d\.\d{3}", _nl_bsn),
    IdentityNumber("NL", r"\d{9}|\d{3}[ .]\d{3}[ .]\d{3}", _nl_bsn, r"\bbsn\b|burgerservice|sofi"),
    IdentityNumber("PL", r"\d{11}", _pl_pesel),
    IdentityNumber("SE", r"\d{6}[-+]\d{4}|(?:19|20)\d{6}-?\d{4}", _se_number),
    IdentityNumber("SE", r"\d{10}", _se_number, r"personn|\bpnr\b"),
    IdentityNumber("NO", r"\d{6} ?\d{5}", _no_number),
    IdentityNumber("FI", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", _fi_hetu),
    IdentityNumber("BE", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", _be_number),
    IdentityNumber("CH", r"756\.?\d{4}\.?\d{4}\.?\d\d", _ch_ahv),
    IdentityNumber("CN", r"[1-9]\d{5}(?:19|20)\d{9}[0-9X]", _cn_number),
    IdentityNumber("BR", r"\d{3}\.\d{3}\.\d{3}-\d\d", _br_cpf),
    IdentityNumber("BR", r"\d{9}-?\d\d", _br_cpf, r"\bcpf\b"),
    IdentityNumber("IN", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", _verhoeff),
    IdentityNumber("IN", r"[2-9]\d{11}", _verhoeff, r"aadha+r|uidai|आधार"),
    IdentityNumber("TR", r"[1-9]\d{10}", _tr_number),
    IdentityNumber("ZA", r"\d{6} ?\d{4} ?\d{3}", _za_number),
    IdentityNumber("KR", r"\d{6}-[1-8]\d{6}", _kr_number),
    IdentityNumber("RU", r"\d{3}-\d{3}-\d{3}[ -]\d\d", _ru_snils),
    IdentityNumber("CA", r"\d{9}|\d{3}[ -]\d{3}[ -]\d{3}", luhn, r"\bsin\b|\bnas\b|social insurance|assurance sociale"),
    IdentityNumber("AU", r"\d{9}|\d{3} \d{3} \d{3}", _au_tax_number, r"\btfn\b|tax file"),
    IdentityNumber("PT", r"\d{9}|\d{3} \d{3} \d{3}", _pt_nif, r"\bnif\b|contribuinte"),
    IdentityNumber("MX", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d", _mx_curp),
    IdentityNumber("CL", r"\d\d?\.\d{3}\.\d{3}-[0-9K]", _cl_rut),
    IdentityNumber("RO", r"[1-8]\d{12}", _ro_cnp),
    IdentityNumber("CZ", r"\d{6}/\d{4}", _cz_number),
    IdentityNumber("JP", r"\d{12}|\d{4}[ -]\d{4}[ -]\d{4}", _jp_my_number, r"マイナンバー|個人番号|my number"),
)


def _alone(form: str) -> "re.Pattern[str]":
    """Compile a form so that it is no part of a longer number, word or file name."""
    return re.compile(rf"(?<![A-Za-z0-9_.,/+-])(?<!\d )(?:{form})(?![A-Za-z0-9_]|[.,/-]\d| \d\d)", re.ASCII)


@cache
def forms() -> tuple[tuple["re.Pattern[str]", "Callable[[re.Match[str]], str]"], ...]:
    """Return the form of each number, and what tells whether a match of it is one; compiled at first use."""
    return tuple((_alone(each.form), each.find) for each in IDENTITY_NUMBERS)


@cache
def any_form() -> "re.Pattern[str]":
    """Return a pattern that finds nothing where no form does."""
    return _alone("|".join(f"(?:{each.form})" for each in IDENTITY_NUMBERS))
