"""The keys of LiteLLM's proxy, which otherwise are in a database: one belongs to a person and has a name, as those that are made there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litellm.proxy._types import UserAPIKeyAuth

if TYPE_CHECKING:
    from starlette.requests import Request


async def key_of(_: Request, api_key: str) -> UserAPIKeyAuth:
    return UserAPIKeyAuth(api_key=api_key, key_alias="desk", user_id="ann", team_id="t-1", team_alias="guides")
