"""The chart: helm accepts it, Kubernetes' own schemas accept what it renders, and its promises hold."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

Manifest: TypeAlias = dict[str, Any]
"""What YAML said: Kubernetes has the schema, and a test asks it."""

EVERYTHING = [
    "ingress.enabled=true", "ingress.hosts[0]=support.example.com", "ingress.className=nginx",
    "ingress.tls[0].secretName=support-tls", "ingress.tls[0].hosts[0]=support.example.com",
    "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus",
    "networkPolicy.enabled=true", "networkPolicy.from[0].podSelector.matchLabels.app=ingress",
    "api.autoscaling.enabled=true", "worker.autoscaling.enabled=true", "podAnnotations.note=x",
    "imagePullSecrets[0].name=registry", "settings.TICKETS_LOG_LEVEL=debug", "environmentSecrets[0]=webhooks",
    "nodeSelector.disk=ssd", "tolerations[0].operator=Exists", "service.type=LoadBalancer",
    "lmtp.enabled=true", "lmtp.from[0].podSelector.matchLabels.app=postfix",
    "objectStore.url=s3://envelopes/desk?region=ap-southeast-1", "objectStore.size=4M", "keepEnvelopes=P90D",
]  # fmt: skip
NOTHING = [
    "migrate.enabled=false", "podDisruptionBudget.enabled=false", "serviceAccount.create=false",
    "api.replicas=1", "worker.replicas=0", "fullnameOverride=desk",
]  # fmt: skip
VALUES = {"as shipped": [], "everything": EVERYTHING, "the least": NOTHING}
SHIPPED = {"Deployment": 3, "Job": 1, "PodDisruptionBudget": 3, "Service": 1, "ServiceAccount": 1}
KINDS = {
    "as shipped": SHIPPED,
    "everything": SHIPPED | {
        "Service": 3, "HorizontalPodAutoscaler": 2, "Ingress": 1, "NetworkPolicy": 1,
        "PrometheusRule": 1, "ServiceMonitor": 1,
    },
    "the least": {"Deployment": 3, "Service": 1},
}  # fmt: skip
SECRET = {
    "TICKETS_DATABASE_URL",
    "TICKETS_SECRET",
    "TICKETS_BROKER_URL",
    "TICKETS_SMTP_URL",
    "TICKETS_HEARTBEAT_URL",
}
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
REFUSED = {
    "an unknown value": "replicaCount=3",
    "a misspelt value": "api.replica=3",
    "a negative count": "api.replicas=-1",
    "a secret among the settings": "settings.TICKETS_SECRET=x",
    "a password among the settings": "settings.TICKETS_SMTP_URL=smtp://me:secret@mail",
    "a setting that is not ours": "settings.PATH=x",
    "a digest that is none": "image.digest=latest",
    "a folder no pod has": "objectStore.url=/srv/objects",
}


def tool(name: str, root: Path, remedy: str) -> str:
    """The path of a tool; without it the test is skipped, but never where everything must run."""
    found = shutil.which(name, path=f"{root / '.tools'}:{os.environ.get('PATH', '')}")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing: {remedy}")
    if found is None:
        pytest.skip(f"no {name} here: {remedy}")
    return found


@pytest.fixture(scope="session")
def helm(root: Path) -> str:
    return tool("helm", root, "`make tools` gets it (linux, x86-64)")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run to the end and give what was said."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def template(helm: str, root: Path, *sets: str) -> subprocess.CompletedProcess[str]:
    """Render the chart with `--set` values."""
    return run(
        helm, "template", "desk", root / "helm/tickets", *(word for s in sets for word in ("--set", s))
    )


def render(helm: str, root: Path, *values: str) -> list[Manifest]:
    """The chart's manifests."""
    done = template(helm, root, "existingSecret=tickets", *values)
    assert done.returncode == 0, done.stderr
    return [m for m in yaml.safe_load_all(done.stdout) if m]


@pytest.mark.parametrize("case", VALUES)
def test_helm_lints_it_strictly(helm: str, root: Path, case: str) -> None:
    sets = [word for s in ["existingSecret=tickets", *VALUES[case]] for word in ("--set", s)]
    done = run(helm, "lint", "--strict", root / "helm/tickets", *sets)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", VALUES)
def test_it_renders_exactly_what_was_asked_for(helm: str, root: Path, case: str) -> None:
    kinds = [str(m["kind"]) for m in render(helm, root, *VALUES[case])]
    assert {kind: kinds.count(kind) for kind in kinds} == KINDS[case]


@pytest.mark.parametrize("case", VALUES)
@pytest.mark.parametrize("kubernetes", ["1.25", "1.35"])
def test_kubernetes_accepts_every_manifest(
    helm: str, root: Path, tmp_path: Path, case: str, kubernetes: str
) -> None:
    known = [m for m in render(helm, root, *VALUES[case]) if m["kind"] not in CUSTOM]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(known))
    validate = Path(sys.executable).with_name("kubernetes-validate")
    done = run(validate, "--strict", "-k", kubernetes, tmp_path / "all.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_the_schema_refuses(helm: str, root: Path, value: str) -> None:
    done = template(helm, root, "existingSecret=tickets", value)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr


def test_without_a_secret_it_says_what_is_missing(helm: str, root: Path) -> None:
    done = template(helm, root)
    assert done.returncode != 0
    assert "existingSecret must name a Secret with TICKETS_DATABASE_URL" in done.stderr


@pytest.mark.parametrize("case", VALUES)
def test_no_pod_runs_as_root_or_writes_its_own_files(helm: str, root: Path, case: str) -> None:
    pods = [m for m in render(helm, root, *VALUES[case]) if m["kind"] in {"Deployment", "Job"}]
    for pod in (m["spec"]["template"]["spec"] for m in pods):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        secret = {e["name"] for e in container["env"] if "secretKeyRef" in e.get("valueFrom", {})}
        assert secret == SECRET


def test_selectors_find_exactly_the_pods_of_their_role(helm: str, root: Path) -> None:
    deployments = [m for m in render(helm, root, *EVERYTHING) if m["kind"] == "Deployment"]
    for spec in (m["spec"] for m in deployments):
        wanted = spec["selector"]["matchLabels"].items()
        found = [
            d for d in deployments
            if wanted <= d["spec"]["template"]["metadata"]["labels"].items()
        ]  # fmt: skip
        assert len(found) == 1


def test_an_autoscaled_role_leaves_its_count_to_the_scaler(helm: str, root: Path) -> None:
    roles = {
        m["metadata"]["name"]: m["spec"] for m in render(helm, root, *EVERYTHING) if m["kind"] == "Deployment"
    }
    assert {name for name, spec in roles.items() if "replicas" in spec} == {"desk-tickets-ticker"}


def rules(helm: str, root: Path) -> Manifest:
    """The alerting rules as Prometheus itself would read them."""
    (found,) = [m for m in render(helm, root, *EVERYTHING) if m["kind"] == "PrometheusRule"]
    spec: Manifest = found["spec"]
    return spec


def test_prometheus_accepts_the_alerts(helm: str, root: Path, tmp_path: Path) -> None:
    promtool = tool("promtool", root, "it comes with Prometheus")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules(helm, root)))
    done = run(promtool, "check", "rules", tmp_path / "rules.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_ask_only_for_metrics_we_expose(helm: str, root: Path, texts: dict[str, str]) -> None:
    exposing = [text for path, text in texts.items() if path.startswith("src/tickets/observability/")]
    assert exposing
    asked = set(re.findall(r"\btickets_\w+", json.dumps(rules(helm, root))))
    bare = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in asked}
    assert {name for name in bare if not re.search(rf"\b{name}(_total)?\b", "".join(exposing))} == set()
