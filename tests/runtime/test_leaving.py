import gzip

from jupyter_sdt.spec.process_identity import start_ticks


def test_a_rank_ends_as_an_interpreter_does(job):
    job.run(
        """
        import atexit, gzip, threading, time
        atexit.register(print, "handler")
        def late():
            time.sleep(0.05)
            print("thread")
        threading.Thread(target=late).start()
        text = open("left.txt", "w")
        text.write("unflushed")
        packed = gzip.open("left.gz", "wt")
        packed.write("packed")
        print("script", end="")
        """
    )
    assert job.codes == [0]
    assert job.log() == "scriptthread\nhandler\n"
    assert (job.path / "source" / "left.txt").read_text() == "unflushed"
    packed = (job.path / "source" / "left.gz").read_bytes()
    assert gzip.decompress(packed) == b"packed"


def test_a_forked_child_that_reaches_the_end_leaves_the_rank_s_record_alone(job):
    job.run(
        """
        import os, sys
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            print("parent", os.getpid())
        else:
            print("child")
            sys.exit(5)
        """
    )
    assert job.codes == [0]
    assert job.log() == f"child\nparent {job.process()['pid']}\n"
    assert job.process()["exit_code"] == 0


def test_the_record_names_the_process_and_its_end(job):
    job.run("import os; print(os.getpid(), open('/proc/self/stat').read().split()[21])")
    pid, ticks = job.log().split()
    record = job.process()
    assert (record["pid"], record["start_ticks"]) == (int(pid), ticks)
    assert (record["rank"], record["local_rank"], record["node"]) == (0, 0, "algo-1")
    assert record["ended_seconds"] >= record["started_seconds"]
    assert start_ticks(-1) == ""
