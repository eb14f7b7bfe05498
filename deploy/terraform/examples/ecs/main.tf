# Three replicas on PostgreSQL, which watch and end.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

module "curfew" {
  source = "../../ecs"

  image         = "registry.corp.example/curfew-office@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  mode          = "enforce"
  endpoint_arns = ["arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0"]
  vpc_id        = "vpc-0123456789abcdef0"
  subnet_ids    = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]

  database = {
    secret_arn        = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-daemon-AbCdEf"
    owner_secret_arn  = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-owner-AbCdEf"
    security_group_id = "sg-0123456789abcdef0"
  }
}

output "role_arn" {
  description = "The role of the daemon."
  value       = module.curfew.role_arn
}
