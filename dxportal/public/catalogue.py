"""What harvesters read: the catalogue as DCAT, a page's data as schema.org's Dataset."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dxportal.models import DataVersion, Publication
from dxportal.public.answers import base_of
from dxportal.public.datasets import DATASETS
from dxportal.public.items import Dataset
from dxportal.public.reading import PublicPlan
from kpi.models import Indicator

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@dataclass(frozen=True)
class Licence:
    label: str
    url: str


LICENCES = {
    Publication.Licence.CC_BY_4: "https://creativecommons.org/licenses/by/4.0/deed.ja",
    Publication.Licence.PDL_1: (
        "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0"
    ),
}


def licence_of(publication: Publication) -> Licence:
    return Licence(
        str(publication.get_licence_display()), LICENCES[Publication.Licence(publication.licence)]
    )


def absolute(request: HttpRequest, path: str) -> str:
    """An address that holds outside of the page; the static site has a base of its own."""
    return base_of(request).rstrip("/") + path


def dcat(request: HttpRequest, found: Iterable[PublicPlan]) -> dict[str, Any]:
    """The catalogue of all public plans (DCAT 3 as JSON-LD)."""
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": absolute(request, reverse("public:catalogue")),
        "@type": "dcat:Catalog",
        "dct:title": {"@value": "DX計画のオープンデータ", "@language": "ja"},
        "dct:language": "ja",
        "foaf:homepage": {"@id": absolute(request, reverse("public:data"))},
        "dcat:dataset": [
            _dcat_dataset(request, public, dataset)
            for public in found
            for dataset in DATASETS.values()
        ],
    }


def _dcat_dataset(request: HttpRequest, public: PublicPlan, dataset: Dataset) -> dict[str, Any]:
    home = absolute(request, reverse("public:plan_data", args=[public.code, public.key]))
    licence = {"@id": licence_of(public.publication).url}
    return {
        "@id": f"{home}#{dataset.name}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{public.code}/{public.key}/{dataset.name}",
        "dct:title": {
            "@value": f"{public.plan.organization.name}　{public.plan.name}　{dataset.title}",
            "@language": "ja",
        },
        "dct:description": {"@value": dataset.about, "@language": "ja"},
        "dct:publisher": {
            "@type": "foaf:Organization",
            "foaf:name": public.plan.organization.name,
            "dct:identifier": public.code,
        },
        "dct:issued": _moment(public.publication.published_at),
        "dct:modified": _moment(public.last_kept_at),
        "dct:license": licence,
        "dct:spatial": {"dct:identifier": public.code},
        "dct:accrualPeriodicity": {
            "@id": "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
        },
        **({"dcat:version": public.versions[0].name} if public.versions else {}),
        "dcat:hasVersion": [_dcat_version(request, public, version) for version in public.versions],
        "dcat:landingPage": {"@id": home},
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": name,
                "dcat:accessURL": {"@id": absolute(request, path)},
                "dcat:downloadURL": {"@id": absolute(request, path)},
                "dcat:mediaType": MEDIA_TYPES[path.rsplit(".", 1)[1]],
                "dct:license": licence,
            }
            for name, path in files_of(public, dataset)
        ],
    }


def _dcat_version(request: HttpRequest, public: PublicPlan, version: DataVersion) -> dict[str, Any]:
    page = reverse("public:version", args=[public.code, public.key, version.name])
    return {
        "@id": absolute(request, page),
        "dcat:version": version.name,
        "dct:issued": _moment(version.kept_at),
    }


def files_of(public: PublicPlan, dataset: Dataset) -> list[tuple[str, str]]:
    """The dataset's files, name and address: all years first, then year by year."""
    found = [
        (
            f"全年度 {extension.upper()}",
            reverse("public:dataset", args=[public.code, public.key, dataset.name, extension]),
        )
        for extension in MEDIA_TYPES
    ]
    for year in public.years if dataset.by_year else ():
        found += [
            (
                f"{year}年度 {extension.upper()}",
                reverse(
                    "public:dataset_year",
                    args=[public.code, public.key, year, dataset.name, extension],
                ),
            )
            for extension in MEDIA_TYPES
        ]
    return found


def schema_dataset(request: HttpRequest, public: PublicPlan, dataset: Dataset) -> dict[str, Any]:
    """schema.org's Dataset, for search engines."""
    home = absolute(request, reverse("public:plan_data", args=[public.code, public.key]))
    plan = public.plan
    return {
        **_schema_of(public),
        "@id": f"{home}#{dataset.name}",
        "name": f"{plan.organization.name}　{plan.name}　{dataset.title}",
        "description": f"{plan.organization.name}の「{plan.name}」のデータ。{dataset.about}",
        "url": f"{home}#{dataset.name}",
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "contentUrl": absolute(request, path),
                "encodingFormat": MEDIA_TYPES[path.rsplit(".", 1)[1]],
            }
            for name, path in files_of(public, dataset)
        ],
    }


def dataset_of_indicator(
    request: HttpRequest, public: PublicPlan, indicator: Indicator
) -> dict[str, Any]:
    """schema.org's Dataset of one indicator's page."""
    place = [public.code, public.key, indicator.pk]
    page = absolute(request, reverse("public:indicator", args=place))
    return {
        **_schema_of(public),
        "@id": page,
        "name": f"{public.plan.organization.name}　{indicator.name}",
        "description": f"「{public.plan.name}」の指標「{indicator.name}」の目標と実績。",
        "url": page,
        "variableMeasured": {
            "@type": "PropertyValue",
            "name": indicator.name,
            "unitText": indicator.unit,
        },
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": absolute(request, reverse("public:chart", args=[*place, "csv"])),
                "encodingFormat": "text/csv",
            }
        ],
    }


def _schema_of(public: PublicPlan) -> dict[str, Any]:
    plan = public.plan
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "inLanguage": "ja",
        "license": licence_of(public.publication).url,
        "isAccessibleForFree": True,
        "version": public.state.version,
        "datePublished": _moment(public.publication.published_at),
        "dateModified": _moment(public.state.changed_at),
        "temporalCoverage": f"{plan.first_fiscal_year}-04-01/{plan.last_fiscal_year + 1}-03-31",
        "spatialCoverage": {"@type": "AdministrativeArea", "name": plan.organization.name},
        "creator": {
            "@type": "GovernmentOrganization",
            "name": plan.organization.name,
            "identifier": public.code,
        },
    }


def _moment(moment: Any) -> str:
    return str(timezone.localtime(moment).isoformat(timespec="seconds"))
