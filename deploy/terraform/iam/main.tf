# The role of the daemon. Its permissions are the documents of deploy/iam, in which the values of the operator take the
# place of those of the example.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  documents = "${path.module}/../../iam"

  by_id = jsondecode(file("${local.documents}/${var.mode}-by-id.json")).Statement

  by_tag = jsondecode(replace(replace(replace(replace(
    file("${local.documents}/${var.mode}-by-tag.json"),
    "arn:aws:", "arn:${data.aws_partition.current.partition}:"),
    "111122223333", data.aws_caller_identity.current.account_id),
    "eu-central-1", data.aws_region.current.region),
    "\"aws:ResourceTag/vpn-policy\": \"enforced\"",
  "${jsonencode("aws:ResourceTag/${var.tag.key}")}: ${jsonencode(var.tag.value)}")).Statement

  read_tags = jsondecode(replace(
    file("${local.documents}/read-tags.json"),
  "eu-central-1", data.aws_region.current.region)).Statement

  database = jsondecode(file("${local.documents}/database.json")).Statement

  other_accounts = jsondecode(file("${local.documents}/other-account/daemon.json")).Statement

  statements = concat(
    [for statement in local.by_id : merge(statement, { Resource = var.endpoint_arns }) if var.endpoint_arns != null],
    [for statement in local.by_tag : statement if var.endpoint_arns == null],
    [for statement in local.read_tags : statement if var.endpoint_arns != null && var.read_tags],
    [for statement in local.database : merge(statement, { Resource = var.database_user_arn }) if var.database_user_arn != null],
    [for statement in local.other_accounts : merge(statement, { Resource = var.assumed_role_arns }) if length(var.assumed_role_arns) > 0],
  )
}

resource "aws_iam_role" "daemon" {
  name                 = var.name
  description          = "Curfew, mode ${var.mode}"
  assume_role_policy   = var.assume_role_policy
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "daemon" {
  name = "curfew"
  role = aws_iam_role.daemon.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}
