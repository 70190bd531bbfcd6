"""Labels: estimated widths and places without overlap."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from rsm_site.drawing.labels import BOLD, Box, Line, Request, above, around, place_labels, shorten, text_width

FRAME = Box(0, 0, 400, 300)
POINTS = st.lists(st.tuples(st.integers(5, 395), st.integers(5, 295), st.integers(10, 120)), max_size=14)


def requests(points: list[tuple[int, int, int]], *, stretch: bool = False) -> list[Request]:
    candidates = above(4, 13) if stretch else around(5, 13)
    return [
        Request(x=x, y=y, width=width, height=16, candidates=candidates, marker=4, stretch=stretch)
        for x, y, width in points
    ]


@settings(max_examples=40, deadline=None)
@given(POINTS, st.booleans())
def test_no_label_covers_another_or_leaves_the_frame(points: list[tuple[int, int, int]], stretch: bool) -> None:
    """Whatever is asked for, placed labels are in the frame and clear of each other and of solid boxes."""
    solid = Box(150, 100, 220, 130)
    placed = place_labels(requests(points, stretch=stretch), frame=FRAME, solid=[solid])
    boxes = [place.box for place in placed if place]
    assert all(box.within(FRAME) and not box.meets(solid) for box in boxes)
    assert not any(a.meets(b) for a, b in combinations(boxes, 2))
    leaders = [place.leader for place in placed if place and place.leader]
    assert not any(leader.length_in(box.grown(-0.01)) for leader in leaders for box in boxes)


@settings(max_examples=25, deadline=None)
@given(POINTS, st.floats(1, 4))
def test_labels_stay_clear_when_the_drawing_is_stretched(points: list[tuple[int, int, int]], factor: float) -> None:
    """Labels placed for stretching are clear of each other when their points move apart but they keep their size."""
    asked = requests(points, stretch=True)
    placed = place_labels(asked, frame=FRAME)
    moved = []
    for request, place in zip(asked, placed, strict=True):
        if place:
            by = request.x * (factor - 1)
            moved.append(Box(place.box.left + by, place.box.top, place.box.right + by, place.box.bottom))
    assert not any(a.grown(-0.001).meets(b) for a, b in combinations(moved, 2))


@settings(max_examples=40, deadline=None)
@given(POINTS)
def test_labels_above_each_other_stand_as_their_points_do(points: list[tuple[int, int, int]]) -> None:
    """In a drawing of values the label of a higher point is never under that of a lower one."""
    asked = requests(points, stretch=True)
    placed = [(each.y, place) for each, place in zip(asked, place_labels(asked, frame=FRAME), strict=True) if place]
    for (high, one), (low, two) in combinations(sorted(placed, key=lambda each: each[0]), 2):
        if high < low and one.box.left < two.box.right and two.box.left < one.box.right:
            assert one.y <= two.y


def test_a_label_makes_way_for_one_that_matters_more() -> None:
    """Where there is room for one only, the label that costs more to leave out is placed."""
    points = [(200, 150, 380), (200, 150, 380)]
    first, second = requests(points)
    placed = place_labels(
        [first, Request(**{**as_dict(second), "loss": 2000.0})], frame=Box(5, 120, 395, 170), solid=[]
    )
    assert placed[0] is None
    assert placed[1] is not None


def as_dict(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_a_crossed_line_is_avoided() -> None:
    """A label goes to the side that no line crosses."""
    plain, crossed = (
        place_labels(requests([(200, 150, 80)]), frame=FRAME, soft=soft)[0]
        for soft in ((), (Line(200, 150, 400, 150),))
    )
    assert plain is not None
    assert plain.anchor == "start"
    assert crossed is not None
    assert crossed.box.top > 150 or crossed.box.bottom < 150 or crossed.box.right < 200


def test_widths_are_generous() -> None:
    """Estimates are at least what a wide system font (DejaVu Sans, plain and bold) takes, in every script."""
    plain = {"Mazar-e Sharif": 7.24, "about 10,000": 6.70, "WMWM": 3.70, "illi": 1.11, "کابل": 2.84, "東京": 2.0}
    bold = {"Mazar-e Sharif": 8.24, "about 10,000": 7.47, "WMWM": 4.20, "illi": 1.37, "کابل": 3.24}
    for weight, widths in ((1.0, plain), (BOLD, bold)):
        for text, width in widths.items():
            assert width <= text_width(text, weight) <= width * 1.5, text


def test_shortened_text_fits() -> None:
    """Text that is too long is cut with an ellipsis, to the room there is; other text is left alone."""
    assert shorten("Herat", 13, 100) == "Herat"
    cut = shorten("x" * 200, 13, 100)
    assert cut.endswith("…")
    assert text_width(cut, 13) <= 100
