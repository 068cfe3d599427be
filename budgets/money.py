"""Amounts in yen as Japanese budgets write them: in thousands, and in 億 and 万."""

from decimal import ROUND_HALF_UP, Decimal

THOUSAND, MAN, OKU = 1_000, 10_000, 100_000_000


def thousands(yen: int) -> int:
    """Whole thousands, halves rounded away from zero (四捨五入)."""
    return int((Decimal(yen) / THOUSAND).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def is_whole_thousands(yen: int) -> bool:
    return yen % THOUSAND == 0


def in_words(yen: int) -> str:
    """The exact amount as documents print it: 2325594000 is 23億2,559万4千円."""
    oku, below = divmod(abs(yen), OKU)
    man, rest = divmod(below, MAN)
    parts = [f"{oku:,}億" if oku else "", f"{man:,}万" if man else ""]
    if rest % THOUSAND:
        parts.append(f"{rest:,}")
    elif rest:
        parts.append(f"{rest // THOUSAND}千")
    return ("-" if yen < 0 else "") + ("".join(parts) or "0") + "円"
