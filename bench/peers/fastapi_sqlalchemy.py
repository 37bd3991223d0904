"""FastAPI with SQLAlchemy's asyncio engine on asyncmy and `pool_pre_ping`."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers.database_address import URL
from bench.peers.rows import STUDENT, as_dict

app = FastAPI()
engine = create_async_engine(f"mysql+asyncmy{URL}", pool_pre_ping=True, pool_size=16)


async def query(sql, **params):
    async with engine.connect() as connection:
        return (await connection.execute(text(sql), params)).all()


@app.get("/city", response_class=PlainTextResponse)
async def city(city: str):
    ((city_id,),) = await query("SELECT city_id FROM city WHERE city = :city LIMIT 1", city=city)
    return f"City #{city_id}\n"


@app.get("/students/{student_id}")
async def student(student_id: int):
    (row,) = await query(f"{STUDENT} WHERE student_id = :key", key=student_id)
    return as_dict(row)


@app.get("/students")
async def students(limit: int):
    rows = await query(f"{STUDENT} ORDER BY student_id LIMIT :limit", limit=limit)
    return {"items": [as_dict(row) for row in rows]}
