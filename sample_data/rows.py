"""The rows of each table, in an order that satisfies the foreign keys."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sample_data.curriculum import Course, Curriculum
from sample_data.people import Address, People
from sample_data.places import City, Places
from sample_data.randomness import generator
from sample_data.results import INTAKES, Ability, enrollments

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]

CAMPUSES = ("London", "Paris", "São Paulo", "Zürich", "Kraków")
CAMPUS_SIZES = (30, 24, 20, 14, 12)
STAFF = 40
STUDENTS_PER_BATCH = 500
STAFF_DOMAIN, STUDENT_DOMAIN = "example.org", "example.edu"
OPENED = datetime(2021, 9, 1, 8, 0, 0)

# Columns of the rows below, except last_update, in the order of loading.
COLUMNS = {
    "country": "country_id, country",
    "city": "city_id, city, country_id",
    "address": "address_id, address, district, city_id, postal_code, phone",
    "campus": "campus_id, name, address_id",
    "staff": "staff_id, campus_id, first_name, last_name, email, address_id, active, create_date",
    "subject": "subject_id, name",
    "course": "course_id, title, description, level, credits",
    "course_subject": "course_id, subject_id",
    "course_staff": "course_id, staff_id",
    "chapter": "chapter_id, course_id, chapter_number, title",
    "assessment": "assessment_id, chapter_id, title, kind, pass_score",
    "student": "student_id, campus_id, first_name, last_name, email, address_id, active,"
    " create_date",
    "enrollment": "enrollment_id, student_id, course_id, enrollment_date, completion_date",
    "attempt": "attempt_id, enrollment_id, assessment_id, score, attempt_date",
    "api_user": "api_user_id, user_name, password_hash, role, staff_id, student_id, create_date",
}


class University:
    """Creates all rows except the users from one seed."""

    def __init__(self, seed: int, places: Places, people: People, curriculum: Curriculum) -> None:
        self._seed = seed
        self._places = places
        self._people = people
        self._curriculum = curriculum
        self._campus_cities = [places.city(name) for name in CAMPUSES]

    def fixed(self) -> Rows:
        """Return the rows that do not depend on the number of students."""
        rows: Rows = {
            "country": list(self._places.countries),
            "city": [(city.city_id, city.name, city.country_id) for city in self._places.cities],
            "address": [],
            "campus": [],
            "staff": [],
        }
        rng = generator(self._seed, "campus")
        for campus_id, city in enumerate(self._campus_cities, 1):
            address = self._people.address(rng, city)
            rows["address"].append(_address(campus_id, address, city))
            rows["campus"].append((campus_id, f"{city.name} Campus", campus_id))
        for staff_id in range(1, STAFF + 1):
            self._add_staff(rows, staff_id)
        return rows | self._courses()

    def _add_staff(self, rows: Rows, staff_id: int) -> None:
        rng = generator(self._seed, "staff", staff_id)
        campus_id = (staff_id - 1) % len(CAMPUSES) + 1
        city = self._campus_cities[campus_id - 1]
        person = self._people.person(rng, city, staff_id, STAFF_DOMAIN)
        address_id = len(CAMPUSES) + staff_id
        rows["address"].append(_address(address_id, self._people.address(rng, city), city))
        hired = OPENED + timedelta(days=rng.randrange(1000), seconds=rng.randrange(30_000))
        rows["staff"].append(
            (staff_id, campus_id, person.first_name, person.last_name, person.email, address_id,
             staff_id == 1 or rng.random() < 0.95, hired)
        )  # fmt: skip

    def _courses(self) -> Rows:
        subjects = {name: number for number, name in enumerate(self._curriculum.subjects, 1)}
        rows: Rows = {
            name: []
            for name in ("subject", "course", "course_subject", "course_staff", "chapter",
                         "assessment")
        }  # fmt: skip
        rows["subject"] = [(number, name) for name, number in subjects.items()]
        for course in self._curriculum.courses:
            self._add_course(rows, course, subjects)
        return rows

    def _add_course(self, rows: Rows, course: Course, subjects: dict[str, int]) -> None:
        key = course.course_id
        rows["course"].append((key, course.title, course.description, course.level, course.credits))
        rows["course_subject"] += [(key, subjects[name]) for name in course.subjects]
        rng = generator(self._seed, "teaching", key)
        teachers = rng.sample(range(1, STAFF + 1), rng.choice((1, 2, 2, 3)))
        rows["course_staff"] += [(key, staff_id) for staff_id in sorted(teachers)]
        for chapter in course.chapters:
            rows["chapter"].append((chapter.chapter_id, key, chapter.number, chapter.title))
            rows["assessment"] += [
                (it.assessment_id, chapter.chapter_id, it.title, it.kind, it.pass_score)
                for it in chapter.assessments
            ]

    def students(self, count: int) -> Iterator[Rows]:
        """Yield the rows of the students and their results, in batches."""
        rows = _empty()
        enrollment_id = attempt_id = 0
        for student_id in range(1, count + 1):
            rng = generator(self._seed, "student", student_id)
            arrived = self._add_student(rows, student_id, rng)
            ability = Ability.of(rng)
            least = 3 if student_id == 1 else 0  # student 1 is a user of the API
            for taken in enrollments(rng, ability, self._curriculum, arrived, least):
                enrollment_id += 1
                rows["enrollment"].append(
                    (enrollment_id, student_id, taken.course_id, taken.date, taken.completed)
                )
                first, attempt_id = attempt_id + 1, attempt_id + len(taken.attempts)
                rows["attempt"] += [
                    (number, enrollment_id, *attempt)
                    for number, attempt in enumerate(taken.attempts, first)
                ]
            if len(rows["student"]) == STUDENTS_PER_BATCH:
                yield rows
                rows = _empty()
        if rows["student"]:
            yield rows

    def _add_student(self, rows: Rows, student_id: int, rng: Any) -> datetime:
        campus_id = rng.choices(range(1, len(CAMPUSES) + 1), CAMPUS_SIZES)[0]
        campus_city = self._campus_cities[campus_id - 1]
        home = campus_city if rng.random() < 0.45 else rng.choice(self._places.cities)
        person = self._people.person(rng, home, student_id, STUDENT_DOMAIN)
        address_id = len(CAMPUSES) + STAFF + student_id
        rows["address"].append(_address(address_id, self._people.address(rng, home), home))
        intake = INTAKES[0] if student_id == 1 else rng.choice(INTAKES)
        arrived = datetime(intake, 8, 1) + timedelta(seconds=rng.randrange(2_400_000))
        rows["student"].append(
            (student_id, campus_id, person.first_name, person.last_name, person.email, address_id,
             student_id == 1 or rng.random() < 0.94, arrived)
        )  # fmt: skip
        return arrived


def _address(address_id: int, address: Address, city: City) -> Row:
    return (
        address_id, address.address, address.district, city.city_id, address.postal_code,
        address.phone,
    )  # fmt: skip


def _empty() -> Rows:
    return {"address": [], "student": [], "enrollment": [], "attempt": []}
