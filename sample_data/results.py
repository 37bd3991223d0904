"""The results of a student: their courses, attempts and scores.

A score depends on the ability of the student, the difficulty of the assessment, and chance. After a
failed attempt, a student often tries again and improves each time. Terms start in September and
February.
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
MAX_TRIES = 4
GAIN_PER_TRY = 7.0


class Attempt(NamedTuple):
    """An attempt; the score is the text of a DECIMAL(5,2).

    A tuple, because there are millions: creating a frozen dataclass takes four times as long.
    """

    assessment_id: int
    score: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A course of a student, with all attempts."""

    course_id: int
    date: datetime
    completed: datetime | None
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class Ability:
    """The ability of a student, in points above the mean, and their diligence, from 0 to 1."""

    points: float
    diligence: float

    @classmethod
    def of(cls, rng: Random) -> Self:
        """Return a random ability, normally distributed; diligence is slightly correlated."""
        points = rng.gauss(0, 9)
        return cls(points, min(1.0, max(0.05, rng.gauss(0.64 + points / 100, 0.22))))


def enrollments(
    rng: Random, ability: Ability, curriculum: Curriculum, arrived: datetime, least: int = 0
) -> Iterator[Enrollment]:
    """Yield up to four enrollments, one per term; a few students have none."""
    count = max(least, rng.choices((0, 1, 2, 3, 4), (3, 22, 39, 25, 11))[0])
    term = arrived.year * 2 + 1
    for course in rng.sample(curriculum.courses, count):
        begin = _term_start(term) + timedelta(
            days=rng.randint(-12, 3), seconds=rng.randrange(30_000, 68_000)
        )
        if begin >= REFERENCE - timedelta(days=30):
            return
        yield _take(rng, ability, course, begin)
        term += rng.choice((0, 1, 1))


def _term_start(term: int) -> datetime:
    year, autumn = divmod(term, 2)
    return datetime(year, 9, 14) if autumn else datetime(year, 2, 8)


def _take(rng: Random, ability: Ability, course: Course, begin: datetime) -> Enrollment:
    attempts: list[Attempt] = []
    passed_all = True
    for chapter in course.chapters:
        # Some students drop out at each chapter; diligent ones are more likely to finish.
        if rng.random() > 0.72 + 0.28 * ability.diligence:
            passed_all = False
            break
        due = begin + timedelta(days=9 * chapter.number)
        for assessment in chapter.assessments:
            if rng.random() > 0.6 + 0.4 * ability.diligence:
                passed_all = False
                continue
            passed_all &= _try(rng, ability, assessment, due, attempts)
    completed = None
    if attempts and passed_all:
        graded = max(attempt.date for attempt in attempts) + timedelta(days=2)
        completed = graded if graded < REFERENCE else None
    return Enrollment(course.course_id, begin, completed, attempts)


def _try(
    rng: Random, ability: Ability, assessment: Assessment, due: datetime, attempts: list[Attempt]
) -> bool:
    """Add attempts until one passes or the student gives up; return whether one passed."""
    seconds = max(-600_000, rng.gauss(0, 150_000))  # never before the enrollment
    pass_score = float(assessment.pass_score)
    for number in range(MAX_TRIES):
        date = due + timedelta(seconds=int(seconds))
        if date >= REFERENCE:
            return False
        score = _score(rng, ability, assessment, number)
        attempts.append(Attempt(assessment.assessment_id, f"{score:.2f}", date))
        if score >= pass_score:
            return True
        if rng.random() > 0.35 + 0.6 * ability.diligence:
            return False
        seconds += rng.uniform(40_000, 400_000)
    return False


def _score(rng: Random, ability: Ability, assessment: Assessment, number: int) -> float:
    points = 71 + ability.points - assessment.difficulty + GAIN_PER_TRY * math.sqrt(number)
    score = points + rng.gauss(0, 8)
    # Scores above 90 are compressed.
    if score > 90:
        score = 90 + (score - 90) * 0.55
    return min(100.0, max(0.0, score))
