# Empty endpoint: the real AWS. Otherwise every service is asked there, as of an emulator.
provider "aws" {
  region                      = var.region
  profile                     = var.profile == "" ? null : var.profile
  max_retries                 = var.max_retries
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated
  skip_requesting_account_id  = local.emulated
  skip_region_validation      = local.emulated
  s3_use_path_style           = local.emulated

  dynamic "assume_role" {
    for_each = var.role_arn == "" ? [] : [var.role_arn]
    content {
      role_arn     = assume_role.value
      session_name = "tenantry"
    }
  }

  default_tags {
    tags = local.tags
  }

  dynamic "endpoints" {
    for_each = local.emulated ? [var.endpoint] : []
    content {
      applicationautoscaling = endpoints.value
      cloudwatch             = endpoints.value
      ec2                    = endpoints.value
      ecs                    = endpoints.value
      efs                    = endpoints.value
      elasticache            = endpoints.value
      elbv2                  = endpoints.value
      iam                    = endpoints.value
      logs                   = endpoints.value
      sts                    = endpoints.value
    }
  }
}
