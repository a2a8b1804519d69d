"""Points."""

from worked.cases import booked, member, of
from worked.table import rule

ELDERS = (member("m00"), member("m01", category="elder"))


def balance(text, *rows, name="r", **more):
    return of(booked(text, *rows, **more).ratees, name=name)["points"]


@rule("Base, points, deductions")
def base(row):
    helped, late = row.given
    rows = [
        (what, number, "2026-03-02", who)
        for who in ("m00", "m01")
        for what, number in (("help", helped), ("late", late))
    ]
    found = booked(row.text(), *rows, members=ELDERS)
    return [of(found.ratees, who)["points"] for who in ("m00", "m01")]


@rule("Cap of a year")
def year(row):
    studies, honours = row.given
    return [balance(row.text(), *[("study", 1)] * studies, *[("honour", 1)] * honours)]


@rule("Cap of a week")
def week(row):
    return [balance(row.text(), *(("online", 1, day) for day in row.given))]


@rule("Cap of a month")
def month(row):
    march, april = row.given
    return [balance(row.text(), *[("duty", 1, "2026-03-31")] * march, *[("duty", 1, "2026-04-01")] * april)]


@rule("Several caps")
def several(row):
    first, one, second, other = row.given
    return [balance(row.text(), *[("online", 1, one)] * first, *[("online", 1, other)] * second)]


@rule("Cap of a deduction")
def deduction(row):
    return [balance(row.text(), *[("absent", 1)] * row.given[0])]


@rule("Cap of a dimension")
def dimension(row):
    rows = [(name, number) for name, number in zip(("class", "lecture", "help"), row.given, strict=True)]
    found = booked(row.text(), *rows)
    return [of(found.points, dimension=name)["points"] for name in ("study", "")]


@rule("Multipliers")
def multipliers(row):
    return [balance(row.text(), *(("duty", 1, day) for day in row.given), members=[member("m00", category="elder")])]


@rule("Taken back")
def taken_back(row):
    awards, back = row.given
    assert balance(row.text(), *[("award", 1)] * awards) == 15
    return [balance(row.text(), *[("award", 1)] * awards, ("award", back))]


@rule("Floor")
def floor(row):
    return [balance(row.text(), ("late", row.given[0]))]


@rule("Ceiling")
def ceiling(row):
    return [balance(row.text(), ("help", row.given[0]))]


@rule("Carried over")
def carried(row):
    first, second = row.given
    found = booked(row.text(), ("help", first, "2025-05-01"), ("help", second, "2026-05-01"))
    return [of(found.ratees, name=name)["points"] for name in ("2025", "2026")]


@rule("Next base is a share")
def share(row):
    first, second = row.given
    return [balance(row.text(), ("help", first, "2025-05-01"), ("help", second, "2026-05-01"), name="2026")]


@rule("By round")
def by_round(row):
    rows = [("help", number, day) for number, day in zip(row.given, ("2026-05-01", "2026-08-01"), strict=True)]
    return [balance(row.text(*change), *rows, name="H2") for change in ((), (("period: round", "period: year"),))]


@rule("Veto (一票否决)")
def veto(row):
    helped, crimes = row.given
    found = booked(row.text(), ("help", helped), ("crime", crimes))
    last = found.ledger[found.ledger["ratee_id"] == "m00"].iloc[-1]
    assert last["rule"] == "crime"
    return [of(found.ratees)["points"], last["code"], last["got"]]


@rule("Audit trail")
def trail(row):
    found = booked(row.text(), *[("study", 1)] * row.given[0])
    last = found.ledger.iloc[-1]
    return [last["asked"], last["got"], last["code"], last["bound"]]
