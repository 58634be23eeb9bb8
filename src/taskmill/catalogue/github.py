"""`github`: what a repository is like now."""

from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import current
from taskmill.catalogue.web.providers import POLICY, RETRIES, ProviderQuestion, answer

Name = Annotated[
    str,
    Meta(
        title="Repository",
        description="Owner and name.",
        examples=["python/cpython"],
        pattern=r"^[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}$",
    ),
]


class License(Struct):
    spdx_id: str | None = None


class RepositoryAnswer(Struct):
    """Of `GET /repos/{owner}/{repo}`, as far as it is used here."""

    full_name: str
    html_url: str
    default_branch: str
    stargazers_count: int
    forks_count: int
    open_issues_count: int
    archived: bool
    pushed_at: str | None = None
    description: str | None = None
    language: str | None = None
    license: License | None = None


class ReleaseAnswer(Struct):
    """Of `GET /repos/{owner}/{repo}/releases/latest`."""

    tag_name: str
    published_at: str | None = None


class Release(TypedDict):
    name: str
    published_at: str | None


class Repository(TypedDict):
    name: str
    url: str
    description: str | None
    language: str | None
    license: str | None
    default_branch: str
    stars: int
    forks: int
    open_issues: int
    """Pull requests among them."""
    archived: bool
    pushed_at: str | None
    latest_release: Release | None


@app.task(queue="http", retries=RETRIES, retry=POLICY, timeout=180)
async def github(repository: Name) -> Repository:
    """Ask GitHub for a repository: stars, forks, open issues, license, latest release."""
    if ".." in repository or repository.strip() != repository:
        raise Refusal(f"{repository!r} is no repository; write one like python/cpython")
    found = await answer(_question(f"/repos/{repository}"), RepositoryAnswer)
    if found is None:
        raise Refusal(f"GitHub knows no repository {repository} that may be seen with this key, or without one")
    release = await answer(_question(f"/repos/{repository}/releases/latest"), ReleaseAnswer)
    return {
        "name": found.full_name,
        "url": found.html_url,
        "description": found.description,
        "language": found.language,
        "license": found.license.spdx_id if found.license else None,
        "default_branch": found.default_branch,
        "stars": found.stargazers_count,
        "forks": found.forks_count,
        "open_issues": found.open_issues_count,
        "archived": found.archived,
        "pushed_at": found.pushed_at,
        "latest_release": {"name": release.tag_name, "published_at": release.published_at} if release else None,
    }


def _question(path: str) -> ProviderQuestion:
    provider = current().github
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    if provider.key:
        headers["Authorization"] = f"Bearer {provider.key}"
    return ProviderQuestion("github", provider, path, headers=headers)
