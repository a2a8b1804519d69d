"""All reports of small random studies together tell no mean that few have given too well."""

import pytest
from random_studies import draw, naive, pages

from toolkit.audit.claims import Claims
from toolkit.audit.findings import Audit
from toolkit.audit.ground import Ground
from toolkit.reporting.cutting import cut


def _verdicts(seed, of=None):
    study, scores = draw(seed)
    ground = Ground(study, scores)
    if of is None:
        claims = Claims(ground)
        for page in pages(study, scores):
            claims.read(page)
        stated = claims.found
    else:
        stated = list(of(study, scores, ground))
    return {finding.verdict for findings in Audit(ground, stated) for finding in findings}


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 40))])
def test_nothing_hidden_is_known_too_well(seed):
    assert _verdicts(seed) <= {"safe"}


def test_a_suppressor_that_hides_only_what_few_have_given_is_caught():
    assert all("exact" in _verdicts(seed, naive) for seed in range(6))


def test_a_mean_that_a_unit_hides_is_in_no_report():
    """In the year of this study the parent and a branch must hide theirs, or a round would be told by the other."""
    study, scores = draw(140)
    views = {unit: cut(study, scores, unit, "y", "en") for unit in ["", *study.units["unit_id"]]}
    bare = {unit for unit, view in views.items() if view.facts["score"] is None}
    assert {"B", "P"} <= bare
    for unit, view in views.items():
        assert not (unit in bare and view.units["own"].any())
        assert view.children[view.children["unit_id"].isin(bare)]["score"].isna().all()


def test_a_combined_round_tells_nothing_of_its_parts():
    """What its other sheets and units state told a rater of the first round all, before they went too."""
    assert _verdicts(140) <= {"safe"}
