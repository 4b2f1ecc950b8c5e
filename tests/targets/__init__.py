"""The targets that the tests of the store and of the query language run on.

Three of them, each reached by a URL, so that one test body runs on all:

- `embedded`: a folder, opened in the test's own process;
- `http`: `clickhouse://…`, a server that answers ClickHouse's HTTP interface out of chDB (`serve_http.py`);
- `sharded`: the same server with `--sharded`: `generations` is a `Distributed` table over two shards.

Tests of what a collection promises run on two clients as well, where their module names them in `CLIENTS`:

- `server`: `http://…`, a Generations server over a folder (`served.py`);
- `async`: the same server, asked by `AsyncGenerations` (`unlooped.py` waits for what it would have awaited).

Without `--everywhere` it runs on none of the clients that it names, with it on all of them.

A test asks for the fixture `store_url` (of `tests/conftest.py`) and runs three times; for `engine`, which is open on it for the
tests of one module; or for `target`, with `.name` and `.url`, when it has to know which it is. Servers start once a session,
when first asked for. A process can have only one folder open, so whatever is opened on `embedded` is closed before
the module ends. A folder is one module's, and the other two stores are shared by all tests: keep to a project of your own; the
fixture `project` names one, fresh for each test.

    def test_something(store_url, project):
        with Generations(store_url, project=project) as generations:
            ...

    def test_something_cheaper(engine, project):
        collection = Collection(Store(engine, project))

Without `--everywhere`, tests run on the folder alone, and those of the store on the server too; `make test-everywhere` runs the
rest. By hand, `python tests/targets/serve_http.py --forever`
prints a URL for `GENERATIONS_URL`, and `--sharded` makes it the sharded one.
"""
