import time

from generations.store.sequence import Sequence


def test_numbers_increase_whatever_the_size_of_a_batch() -> None:
    sequence = Sequence()

    taken = [*sequence.take(3), *sequence.take(10_000), *sequence.take(1)]

    assert taken == sorted(set(taken))


def test_the_time_can_be_read_off_a_number() -> None:
    before = time.time_ns() // 1_000_000

    (number,) = Sequence().take(1)

    assert before <= number >> 22 <= time.time_ns() // 1_000_000
    assert number < 2**63


def test_numbers_go_on_above_what_a_store_holds_even_when_the_clock_was_set_back() -> None:
    tomorrow = (time.time_ns() // 1_000_000 + 86_400_000) << 22
    sequence = Sequence()

    sequence.advance(tomorrow + 4095)

    assert sequence.take(1)[0] > tomorrow + 4095


def test_an_older_store_does_not_set_numbers_back() -> None:
    sequence = Sequence()
    (first,) = sequence.take(1)

    sequence.advance(5)

    assert sequence.take(1)[0] > first


def test_two_processes_do_not_hand_out_the_same_numbers() -> None:
    """Ten bits of chance tell processes apart; a thousand pairs cannot all collide."""
    clashes = sum(Sequence().take(1)[0] & 0x3FF000 == Sequence().take(1)[0] & 0x3FF000 for _ in range(1000))

    assert clashes < 20


def test_a_forked_child_does_not_repeat_its_parents_numbers(child) -> None:
    forks = child("""
        import os
        from generations.store.sequence import Sequence
        sequence = Sequence()
        print(sequence.take(1)[0] & 0x3FF000, flush=True)
        for _ in range(20):
            if os.fork() == 0:
                print(sequence.take(1)[0] & 0x3FF000, flush=True)
                os._exit(0)
            os.wait()
    """)
    _, output, _ = forks.end()
    parents, *childrens = output.split()

    assert len(childrens) == 20
    assert set(childrens) != {parents}
