"""Limits and wrong parameters, refused with the documented codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

from mirror.platform.simulator import Platform

Ask = Callable[..., Any]

LIMITS = [
    ("ListMedia", {"Limit": 51}, "InvalidParameterValue.Limit"),
    ("FlattenListMedia", {"Limit": 51}, "InvalidParameterValue"),
    ("FlattenListMedia", {"Offset": -1}, "InvalidParameterValue"),
    ("DescribeMaterials", {"MaterialIds": ["m"] * 21}, "InvalidParameterValue"),
    ("DescribeProjects", {"ProjectIds": ["p"] * 21}, "InvalidParameterValue"),
    ("DescribeProjects", {"CategorySet": ["CIRCUS"]}, "InvalidParameterValue.CategorySet"),
    ("DescribeProjects", {"Sort": {"Order": "Up"}}, "InvalidParameterValue.SortOrder"),
    ("DescribeProjects", {"Sort": {"Field": "Name"}}, "InvalidParameterValue"),
    ("DescribeTeams", {"Limit": 31}, "InvalidParameterValue"),
    ("DescribeTeams", {"TeamIds": ["t"] * 31}, "InvalidParameterValue"),
    ("DescribeAccounts", {"Limit": 21}, "InvalidParameterValue"),
    ("DescribeTasks", {"Limit": 21}, "InvalidParameterValue"),
    ("ListMedia", {"ClassPath": "/nowhere"}, "InvalidParameterValue.ClassNotExist"),
    ("FlattenListMedia", {"ClassPath": "/nowhere"}, "InvalidParameterValue.ClassPath"),
    ("ListMedia", {"ClassPath": "nowhere"}, "InvalidParameterValue.ClassPath"),
    ("ListMedia", {"Owner": {"Type": "CLUB", "Id": "c"}}, "InvalidParameterValue.OwnerType"),
    ("DescribeMaterials", {"MaterialIds": None}, "MissingParameter"),
    ("DescribeMaterials", {"MaterialIds": [1]}, "InvalidParameter"),
    ("DescribeTeams", {"Limit": "10"}, "InvalidParameter"),
    ("DescribeTeams", {"Platform": "other"}, "ResourceNotFound.Platform"),
    ("DescribeTeams", {"Platform": ""}, "InvalidParameterValue.Platform"),
]


@pytest.mark.parametrize(("action", "wrong", "code"), LIMITS)
def test_a_limit_is_kept(
    platform: Platform, ask: Ask, action: str, wrong: dict[str, Any], code: str
) -> None:
    owner = platform.owners()[0]
    params: dict[str, Any] = {}
    if action in ("ListMedia", "FlattenListMedia"):
        params = {"Owner": {"Type": owner.type, "Id": owner.id}, "ClassPath": "/"}
    with pytest.raises(TencentCloudSDKException) as caught:
        ask(action, **params | wrong)
    assert caught.value.code == code
    assert caught.value.requestId
