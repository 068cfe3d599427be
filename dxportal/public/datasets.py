"""All datasets of the open data, by the name that is part of their address."""

from dxportal.public.figure_datasets import BUDGETS, INDICATORS, REVIEWS, VALUES
from dxportal.public.plan_datasets import MEASURES, PLANS, PROJECTS

DATASETS = {
    dataset.name: dataset
    for dataset in (PLANS, MEASURES, PROJECTS, INDICATORS, VALUES, BUDGETS, REVIEWS)
}
