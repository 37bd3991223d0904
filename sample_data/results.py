"""What a student does: which courses they take, and how their attempts go.

A score comes from the student's ability, the assessment's difficulty and some luck; who
fails often tries again, and knows more each time. Terms begin in September and February.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple, Self

from sample_data.curriculum import Assessment, Course, Curriculum
from sample_data.randomness import REFERENCE

INTAKES = (2022, 2023, 2024, 2025)
MOST_TRIES = 4
GAIN_OF_A_TRY = 7.0


class Attempt(NamedTuple):
    """One attempt; the score as the text of a DECIMAL(5,2).

    A tuple, because there are millions: a frozen dataclass takes four times as long.
    """

    assessment_id: int
    score: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One course of a student, with everything that was tried in it."""

    course_id: int
    date: datetime
    completed: datetime | None
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class Ability:
    """What a student brings along: points above the mean, and the will to go on."""

    points: float
    diligence: float

    @classmethod
    def of(cls, chance: Random) -> Self:
        """Most are near the middle; diligence goes a little with ability."""
        points = chance.gauss(0, 9)
        return cls(points, min(1.0, max(0.05, chance.gauss(0.64 + points / 100, 0.22))))


def enrollments(
    chance: Random, ability: Ability, curriculum: Curriculum, arrived: datetime, least: int = 0
) -> Iterator[Enrollment]:
    """Take one to four courses, a term each; a few students never begin."""
    count = max(least, chance.choices((0, 1, 2, 3, 4), (3, 22, 39, 25, 11))[0])
    term = arrived.year * 2 + 1
    for course in chance.sample(curriculum.courses, count):
        begin = _term_begin(term) + timedelta(
            days=chance.randint(-12, 3), seconds=chance.randrange(30_000, 68_000)
        )
        if begin >= REFERENCE - timedelta(days=30):
            return
        yield _take(chance, ability, course, begin)
        term += chance.choice((0, 1, 1))


def _term_begin(term: int) -> datetime:
    year, autumn = divmod(term, 2)
    return datetime(year, 9, 14) if autumn else datetime(year, 2, 8)


def _take(chance: Random, ability: Ability, course: Course, begin: datetime) -> Enrollment:
    attempts: list[Attempt] = []
    passed_all = True
    for chapter in course.chapters:
        # Each chapter loses some: who is diligent comes to the end.
        if chance.random() > 0.72 + 0.28 * ability.diligence:
            passed_all = False
            break
        due = begin + timedelta(days=9 * chapter.number)
        for assessment in chapter.assessments:
            if chance.random() > 0.6 + 0.4 * ability.diligence:
                passed_all = False
                continue
            passed_all &= _try(chance, ability, assessment, due, attempts)
    completed = None
    if attempts and passed_all:
        graded = max(attempt.date for attempt in attempts) + timedelta(days=2)
        completed = graded if graded < REFERENCE else None
    return Enrollment(course.course_id, begin, completed, attempts)


def _try(
    chance: Random, ability: Ability, assessment: Assessment, due: datetime, into: list[Attempt]
) -> bool:
    """Try until it is passed, or until one gives up; says whether it was passed."""
    seconds = max(-600_000, chance.gauss(0, 150_000))  # never before the enrollment
    pass_score = float(assessment.pass_score)
    for number in range(MOST_TRIES):
        date = due + timedelta(seconds=int(seconds))
        if date >= REFERENCE:
            return False
        score = _score(chance, ability, assessment, number)
        into.append(Attempt(assessment.assessment_id, f"{score:.2f}", date))
        if score >= pass_score:
            return True
        if chance.random() > 0.35 + 0.6 * ability.diligence:
            return False
        seconds += chance.uniform(40_000, 400_000)
    return False


def _score(chance: Random, ability: Ability, assessment: Assessment, number: int) -> float:
    points = 71 + ability.points - assessment.difficulty + GAIN_OF_A_TRY * math.sqrt(number)
    score = points + chance.gauss(0, 8)
    # The last points are the hardest to get.
    if score > 90:
        score = 90 + (score - 90) * 0.55
    return min(100.0, max(0.0, score))
