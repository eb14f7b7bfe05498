# The role in another account, which the daemon assumes. Its permissions follow the tag of the endpoints there.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  documents = "${path.module}/../../iam/other-account"

  trust = [
    for statement in jsondecode(file("${local.documents}/role-trust.json")).Statement : merge(statement, {
      Principal = { AWS = var.daemon_role_arn }
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
    })
  ]

  permissions = replace(replace(replace(replace(
    file("${local.documents}/role-${var.mode}.json"),
    "arn:aws:", "arn:${data.aws_partition.current.partition}:"),
    "444455556666", data.aws_caller_identity.current.account_id),
    "eu-central-1", data.aws_region.current.region),
    "\"aws:ResourceTag/vpn-policy\": \"enforced\"",
  "${jsonencode("aws:ResourceTag/${var.tag.key}")}: ${jsonencode(var.tag.value)}")
}

resource "aws_iam_role" "watched" {
  name        = var.name
  description = "Assumed by Curfew, mode ${var.mode}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.trust
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "watched" {
  name   = "curfew"
  role   = aws_iam_role.watched.name
  policy = local.permissions
}
