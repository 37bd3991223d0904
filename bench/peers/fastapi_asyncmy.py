"""FastAPI with an asyncmy pool."""

from contextlib import asynccontextmanager

import asyncmy
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from bench.peers.database_address import ADDRESS, NAME
from bench.peers.rows import STUDENT, as_dict


@asynccontextmanager
async def lifespan(app):
    pool = await asyncmy.create_pool(**ADDRESS, db=NAME, minsize=1, maxsize=16, autocommit=True)
    app.state.pool = pool
    yield
    pool.close()
    await pool.wait_closed()


app = FastAPI(lifespan=lifespan)


async def query(sql, params):
    async with app.state.pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchall()


@app.get("/city", response_class=PlainTextResponse)
async def city(city: str):
    ((city_id,),) = await query("SELECT city_id FROM city WHERE city = %s LIMIT 1", (city,))
    return f"City #{city_id}\n"


@app.get("/students/{student_id}")
async def student(student_id: int):
    (row,) = await query(f"{STUDENT} WHERE student_id = %s", (student_id,))
    return as_dict(row)


@app.get("/students")
async def students(limit: int):
    rows = await query(f"{STUDENT} ORDER BY student_id LIMIT %s", (limit,))
    return {"items": [as_dict(row) for row in rows]}
