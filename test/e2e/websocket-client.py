"""A WebSocket client that is not ours: sends each line of standard input, in hex, as a binary message, and prints each that it hears."""

import asyncio
import sys

import websockets


async def main() -> None:
    try:
        async with websockets.connect(sys.argv[1], origin=sys.argv[2] if len(sys.argv) > 2 else None) as connection:
            print("connected", flush=True)
            await asyncio.gather(speak(connection), listen(connection))
    except websockets.exceptions.InvalidStatusCode as error:
        print(f"refused {error.status_code}", flush=True)
    except websockets.exceptions.ConnectionClosed as error:
        print(f"closed {error.code}", flush=True)


async def speak(connection) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await connection.send(bytes.fromhex(line))
    await connection.close()


async def listen(connection) -> None:
    async for message in connection:
        print(f"heard {message.hex()}", flush=True)


asyncio.run(main())
