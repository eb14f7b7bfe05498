# The chart with EKS Pod Identity, and endpoints of a second account.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "branches"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::444455556666:role/terraform"
  }
}

provider "helm" {
  kubernetes = {
    config_path = "~/.kube/config"
  }
}

module "curfew" {
  source = "../../eks"

  cluster_name      = "office"
  endpoint_arns     = ["arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0"]
  assumed_role_arns = ["arn:aws:iam::444455556666:role/curfew"]
}

# The trust policy names the daemon's role, which exists first: the module above does not wait for this one.
module "branches" {
  source    = "../../other-account"
  providers = { aws = aws.branches }

  daemon_role_arn = module.curfew.role_arn
}

resource "helm_release" "curfew" {
  name             = "curfew"
  namespace        = "curfew"
  create_namespace = true
  chart            = "${path.module}/../../../helm/curfew"

  values = [
    yamlencode(module.curfew.helm_values),
    file("${path.module}/values.yaml"),
  ]
}
