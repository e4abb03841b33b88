"""Opens COUNT TCP connections to ADDRESS PORT at once, asks over each, keeps all of them open until a line comes in on
stdin, asks over each again and closes. Prints one JSON object a stage."""

import asyncio
import json
import resource
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"


async def ask(reader, writer):
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    length = int(fields[b"content-length"])
    body = await asyncio.wait_for(reader.readexactly(length), 30)
    return body.split()[0].decode() if head.startswith(b"HTTP/1.1 200") else "error"


async def ask_all(streams):
    answers = await asyncio.gather(*(ask(*stream) for stream in streams), return_exceptions=True)
    failures = [repr(answer) for answer in answers if isinstance(answer, Exception) or answer == "error"]
    names = [answer for answer in answers if isinstance(answer, str)]
    print(json.dumps({"answered": len(answers) - len(failures), "failures": failures[:5],
                      "by_backend": {name: names.count(name) for name in sorted(set(names))}}), flush=True)
    return answers


async def main(address, port, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 100)), hard))
    opening = (asyncio.wait_for(asyncio.open_connection(address, port), 30) for _ in range(count))
    streams = await asyncio.gather(*opening)
    first = await ask_all(streams)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    again = await ask_all(streams)
    print(json.dumps({"same_backend": first == again}), flush=True)
    for _, writer in streams:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
