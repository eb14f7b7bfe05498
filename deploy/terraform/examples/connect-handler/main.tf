# The handler of one endpoint, with alarms for the people on call.

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

module "door" {
  source = "../../connect-handler"

  zip          = "${path.module}/connect-handler.zip"
  endpoint_ids = { office = "cvpn-endpoint-0123456789abcdef0" }
  topic_arn    = "arn:aws:sns:eu-central-1:111122223333:on-call"
}

output "alias_arn" {
  description = "What the endpoint asks, in `client_connect_options`."
  value       = module.door.alias_arn
}
