# Curfew at the door of Client VPN endpoints: what deploy/connect-handler/template.yaml makes.

# There is no aws_lambda_permission here, on purpose. Client VPN invokes the function through its service-linked role, which
# may invoke every function of the account whose name begins with AWSClientVPN-, with or without an alias.
# deploy/connect-handler/template.yaml has the sources. No endpoint has called this function yet.

locals {
  function_name = "AWSClientVPN-${var.name}"

  # The headings of docs/connect-handler.md say what each alarm means, and what to do.
  alarms = {
    Errors = {
      description = "The handler failed or timed out. AWS denied each of these connections."
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = {}
      statistic   = "Sum"
      period      = 60
      comparison  = "GreaterThanThreshold"
      threshold   = 0
    }
    Throttles = {
      description = "Lambda had no room for the handler. AWS denied each of these connections."
      namespace   = "AWS/Lambda"
      metric_name = "Throttles"
      dimensions  = {}
      statistic   = "Sum"
      period      = 60
      comparison  = "GreaterThanThreshold"
      threshold   = 0
    }
    SlowAnswers = {
      description = "An answer took at least four fifths of the timeout, in milliseconds. After the timeout AWS denies."
      namespace   = "AWS/Lambda"
      metric_name = "Duration"
      dimensions  = {}
      statistic   = "Maximum"
      period      = 60
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 4000
    }
    OnErrorAnswers = {
      description = "The handler could not decide and answered what onError says, or a policy failed."
      namespace   = "Curfew/ConnectHandler"
      metric_name = "OnErrors"
      dimensions  = {}
      statistic   = "Sum"
      period      = 60
      comparison  = "GreaterThanThreshold"
      threshold   = 0
    }
    DeniedConnections = {
      description = "The policies denied unusually many connections."
      namespace   = "Curfew/ConnectHandler"
      metric_name = "Decisions"
      dimensions  = { Decision = "deny" }
      statistic   = "Sum"
      period      = 300
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.denied_in_five_minutes
    }
  }

  handler_failures = {
    timeouts  = "ClientConnectHandlerTimeouts"
    invalid   = "ClientConnectHandlerInvalidResponses"
    execution = "ClientConnectHandlerOtherExecutionErrors"
    throttled = "ClientConnectHandlerThrottlingErrors"
    service   = "ClientConnectHandlerFailedServiceErrors"
  }

  topics = [for topic in [var.topic_arn] : topic if topic != null]
}

# The function names this group, so that the group exists first. Lambda would create one that keeps everything.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# The function reads nothing and calls nothing. It writes its log.
resource "aws_iam_role" "this" {
  name = local.function_name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "log" {
  name = "log"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }]
  })
}

resource "aws_lambda_function" "this" {
  function_name    = local.function_name
  description      = "Asked by Client VPN before it lets anybody in"
  role             = aws_iam_role.this.arn
  runtime          = "nodejs24.x"
  architectures    = [var.architecture]
  handler          = "index.handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = var.memory_size
  # Client VPN waits for 30 s, and denies when they are over. An answer takes milliseconds, the first one of a process a
  # little more. An invocation that takes seconds will not answer: it must free its place for the next.
  timeout = 5
  # -1 reserves nothing. 0 would stop the function, and so deny everybody.
  reserved_concurrent_executions = var.reserved_concurrency == 0 ? -1 : var.reserved_concurrency
  publish                        = true
  tags                           = var.tags

  # In the format JSON, Lambda would wrap the lines, and CloudWatch would find no metrics in them.
  logging_config {
    log_group  = aws_cloudwatch_log_group.this.name
    log_format = "Text"
  }

  # deploy/connect-handler/update.sh brings later code. An apply for another reason must not bring old policies back.
  lifecycle {
    ignore_changes = [filename, source_code_hash]
  }

  depends_on = [aws_iam_role_policy.log]
}

# Endpoints ask the alias. After the first apply only deploy/connect-handler/update.sh moves it.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version]
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.function_name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = merge({ FunctionName = local.function_name }, each.value.dimensions)
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics
  tags                = var.tags
}

# The view of Client VPN: it also counts answers that it does not understand, and calls that never reach the function. An
# alarm of its own for each endpoint, because an alarm cannot watch the metrics that a search finds.
resource "aws_cloudwatch_metric_alarm" "failed_handler" {
  for_each = var.endpoint_ids

  alarm_name          = "${local.function_name}-FailedHandler-${each.value}"
  alarm_description   = "Client VPN got no valid answer from the handler, and denied each of these connections."
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics
  tags                = var.tags

  metric_query {
    id          = "failed"
    expression  = "SUM(METRICS())"
    label       = "Connections without a valid answer"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.handler_failures

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "AWS/ClientVPN"
        metric_name = metric_query.value
        dimensions  = { Endpoint = each.value }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}
