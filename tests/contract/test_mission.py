"""The three examples of the mission, as they stand there, in Python spelling."""

from datetime import UTC, datetime

from generations import Collection

from .records import a_generation

CLIENTS = ("server", "async")

JANUARY_5 = datetime(2023, 1, 5, 12, tzinfo=UTC)


def test_find_all_generations_from_a_model_with_high_ratings(collection: Collection) -> None:
    collection.insert_many(
        [
            a_generation("good", timestamp=JANUARY_5, feedback__rating=5),
            a_generation("fair", timestamp=JANUARY_5, feedback__rating=4),
            a_generation("poor", timestamp=JANUARY_5, feedback__rating=2),
            a_generation("unrated", timestamp=JANUARY_5),
            a_generation("february", timestamp=datetime(2023, 2, 5, tzinfo=UTC), feedback__rating=5),
            a_generation("other", timestamp=JANUARY_5, feedback__rating=5, model={"id": "claude"}),
        ]
    )

    high_quality_generations = collection.find(
        {
            "model.id": "gpt-4",
            "feedback.rating": {"$gte": 4},
            "timestamp": {
                "$gte": datetime(2023, 1, 1),  # noqa: DTZ001 - as a reader of the mission writes it
                "$lte": datetime(2023, 1, 31),  # noqa: DTZ001
            },
        }
    )

    assert {generation["id"] for generation in high_quality_generations} == {"good", "fair"}


def test_analyze_token_usage_by_model(collection: Collection) -> None:
    collection.insert_many(
        [
            a_generation("1", usage__totalTokens=100),
            a_generation("2", usage__promptTokens=150, usage__completionTokens=50),
            a_generation("3"),
            a_generation("4", model={"id": "claude"}, usage__totalTokens=1000),
        ]
    )

    token_usage_by_model = collection.aggregate(
        [
            {
                "$group": {
                    "_id": "$model.id",
                    "totalTokens": {"$sum": "$usage.totalTokens"},
                    "averageTokens": {"$avg": "$usage.totalTokens"},
                    "count": {"$sum": 1},
                },
            },
            {"$sort": {"totalTokens": -1}},
        ]
    )

    assert token_usage_by_model.to_list() == [
        {"_id": "claude", "totalTokens": 1000, "averageTokens": 1000.0, "count": 1},
        {"_id": "gpt-4", "totalTokens": 300, "averageTokens": 150.0, "count": 3},
    ]


def test_add_feedback_to_a_generation(collection: Collection) -> None:
    collection.insert_one(a_generation("generation-123"))
    now = datetime.now(UTC)

    result = collection.update_one(
        {"id": "generation-123"},
        {
            "$set": {
                "feedback": {
                    "rating": 5,
                    "thumbs": "up",
                    "comment": "Excellent response, very helpful",
                    "timestamp": now,
                    "userId": "user-456",
                },
            },
        },
    )

    assert (result.matched_count, result.modified_count) == (1, 1)
    assert collection.feedback("generation-123") == [
        {"rating": 5, "thumbs": "up", "comment": "Excellent response, very helpful", "timestamp": now, "userId": "user-456"}
    ]
    assert [version.change for version in collection.history("generation-123")] == ["feedback", "insert"]
