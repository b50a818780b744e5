using System.Text.RegularExpressions;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Aws;

/// <summary>The one place that reads texts of Terraform and of AWS.</summary>
internal static class AwsErrors
{
    private static readonly string[] Passing =
    [
        "Throttling", "RequestLimitExceeded", "TooManyRequests", "ServiceUnavailable", "InternalError", "InternalFailure", "timeout", "timed out", "connection reset", "connection refused",
        "no such host", "i/o timeout", "retry quota exceeded", "exceeded maximum number of attempts", "DependencyViolation", "ConcurrentModification",
    ];

    // What an account may have of a thing, and the names of its limits.
    private static readonly (string Code, string What, string Quota)[] Limits =
    [
        ("VpcLimitExceeded", "the account has as many networks (VPC) in this region as it may have", "VPCs per Region, 5 at first"),
        ("InternetGatewayLimitExceeded", "the account has as many internet gateways in this region as it may have", "Internet gateways per Region, which follows VPCs per Region"),
        ("AddressLimitExceeded", "the account has as many addresses (Elastic IP) in this region as it may have", "EC2-VPC Elastic IPs, 5 at first; exit=public needs none"),
        ("NatGatewayLimitExceeded", "the account has as many NAT gateways in this zone as it may have", "NAT gateways per Availability Zone, 5 at first"),
        ("TooManyLoadBalancers", "the account has as many load balancers in this region as it may have", "Application Load Balancers per Region, 50 at first"),
        ("TooManyTargetGroups", "the account has as many target groups in this region as it may have", "Target Groups per Region"),
        ("VpcEndpointLimitExceeded", "the account has as many endpoints in networks as it may have", "Interface VPC endpoints per VPC, and Gateway VPC endpoints per Region, 20 at first"),
        ("ClusterQuotaForCustomerExceeded", "the account has as many Redis clusters in this region as it may have", "ElastiCache: Nodes per Region"),
        ("NodeQuotaForCustomerExceeded", "the account has as many nodes of Redis in this region as it may have", "ElastiCache: Nodes per Region"),
        ("FileSystemLimitExceeded", "the account has as many file systems (EFS) in this region as it may have", "EFS: File systems per account"),
    ];

    private static readonly string[] Denied = ["AccessDenied", "UnauthorizedOperation", "is not authorized to perform", "AuthorizationError"];

    internal static TargetException NoProgram(IReadOnlyList<string> names) => new(
        $"{string.Join(" and ", names)} {(names.Count == 1 ? "is" : "are")} not installed.",
        retryable: false,
        fix: "Install Terraform 1.10 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.10 or newer (https://opentofu.org/docs/intro/install), or name it: --option program=/path/to/terraform.");

    /// <summary>Says what failed in a run of Terraform, on which resource, and what to do.</summary>
    internal static TargetException Explain(string what, IReadOnlyList<TerraformMessage> messages, string last, string? workspace = null)
    {
        var errors = messages.Where(message => message.Kind == MessageKind.Error).ToList();
        var first = errors.Find(error => error.Address.Length > 0) ?? errors.FirstOrDefault();
        var text = first is null ? Plain(last) : Plain($"{first.Text}{(first.Detail.Length > 0 ? ": " + first.Detail : "")}");
        var all = string.Join('\n', errors.Select(error => $"{error.Text}\n{error.Detail}").Append(last));
        ResourceName? resource = first is { Address.Length: > 0 } && workspace is not null ? AwsNames.Resource(workspace, TypeOf(first.Address), first.Address) : null;
        return Known(what, all, text, resource) ?? new TargetException($"{what} failed: {text}{(errors.Count > 1 ? $" (and {errors.Count - 1} more)" : "")}", IsPassing(all), resource);
    }

    internal static TargetException Explain(AwsException error, string what) => error.Code switch
    {
        AwsException.NoCredentials => NoCredentials(what),
        AwsException.NoProfile => new TargetException($"{what} failed: {error.Message}", retryable: false, fix: "Put the keys there, or name another profile (--option profile=NAME, AWS_PROFILE).", cause: error),
        AwsException.Unreachable => new TargetException($"{what} failed: {error.Message}", retryable: true, fix: "Look at the network, and at the option endpoint.", cause: error),
        "NoSuchBucket" => new TargetException($"{what} failed: the bucket of the option state does not exist.", retryable: false, fix: "Make it, with versions and encryption: see docs/targets/aws.md.", cause: error),
        "AccessDenied" or "AccessDeniedException" or "UnauthorizedOperation" => new TargetException($"{what} failed: AWS does not allow it: {error.Message.TrimEnd('.')}.", retryable: false, fix: "Give the credentials the policy in docs/targets/aws-policy.json; with it the option boundary is needed.", cause: error),
        "ExpiredToken" or "ExpiredTokenException" or "InvalidClientTokenId" or "UnrecognizedClientException" or "SignatureDoesNotMatch" or "InvalidAccessKeyId" =>
            new TargetException($"{what} failed: AWS does not accept the credentials: {error.Message.TrimEnd('.')}.", retryable: false, fix: "Renew them where the engine finds them.", cause: error),
        _ => new TargetException($"{what} failed: {error.Message.TrimEnd('.')} ({error.Code}).", error.Status >= 500 || error.Status == 429 || IsPassing(error.Code), cause: error),
    };

    /// <summary>Terraform did not end by itself: the next pass looks what it made.</summary>
    internal static TargetException Ended(string what, int code, string workspace) => new(
        $"{what} failed: Terraform was ended by {(code > TerraformClient.Signalled ? $"the signal {SignalNames.Of(code - TerraformClient.Signalled)}" : "nobody knows what")}. What it had made is looked for and kept.",
        retryable: true,
        AwsNames.Tasks(workspace),
        "When nobody ended it, look whether the machine has enough memory (a run takes about 700 MiB).");

    /// <summary>A state that somebody holds.</summary>
    internal static TargetException Locked(AwsRecord record, StateLock held) => new(
        $"The state of {record.Workspace} is held by {held.Who} since {held.Created:yyyy-MM-dd HH:mm:ss} UTC ({held.Operation}).",
        retryable: true,
        fix: $"If nobody works on it any more, give it free: tenantry target unlock {record.Slug}");

    /// <summary>True when a run failed because somebody holds the state.</summary>
    internal static bool IsLocked(IEnumerable<TerraformMessage> messages) =>
        messages.Any(message => message.Kind == MessageKind.Error && message.Text.Contains("acquiring the state lock", StringComparison.Ordinal));

    /// <summary>True when an import failed because AWS has no such thing (any more).</summary>
    internal static bool IsGone(string text) => text.Contains("non-existent remote object", StringComparison.Ordinal);

    /// <summary>True when there is no such workspace to remove.</summary>
    internal static bool IsNoWorkspace(string text) => text.Contains("doesn't exist", StringComparison.Ordinal) || text.Contains("does not exist", StringComparison.Ordinal);

    private static TargetException? Known(string what, string text, string said, ResourceName? resource)
    {
        if (text.Contains("No valid credential sources found", StringComparison.Ordinal) || text.Contains("failed to refresh cached credentials", StringComparison.Ordinal))
            return NoCredentials(what);
        if (text.Contains("NoSuchBucket", StringComparison.Ordinal) || text.Contains("S3 bucket does not exist", StringComparison.Ordinal))
            return new TargetException($"{what} failed: the bucket of the option state does not exist.", retryable: false, fix: "Make it, with versions and encryption: see docs/targets/aws.md.");
        if (text.Contains("Failed to query available provider packages", StringComparison.Ordinal) || text.Contains("Failed to install provider", StringComparison.Ordinal) || text.Contains("Could not retrieve the list of available versions", StringComparison.Ordinal))
        {
            return new TargetException(
                $"{what} failed: the provider hashicorp/aws (5.80 to 5.x) cannot be had.",
                retryable: IsPassing(text),
                fix: "Let the engine reach registry.terraform.io, or name a mirror in the file that TF_CLI_CONFIG_FILE leads to.");
        }

        if (Limits.FirstOrDefault(limit => text.Contains(limit.Code, StringComparison.Ordinal)) is { Code: not null } reached)
            return new TargetException($"{what} failed: {reached.What}.", retryable: true, resource, fix: $"Ask for more in Service Quotas ({reached.Quota}) or spread tenants: see \"Quotas\" in docs/targets/aws.md.");
        if (Denied.Any(word => text.Contains(word, StringComparison.Ordinal)))
            return new TargetException($"{what} failed: AWS does not allow it: {said}", retryable: false, resource, fix: "Give the credentials the policy in docs/targets/aws-policy.json; with it the option boundary is needed.");
        return null;
    }

    private static TargetException NoCredentials(string what) => new(
        $"{what} failed: there are no credentials for AWS.",
        retryable: false,
        fix: "Give the engine AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (--option profile=NAME), or a role of the machine it runs on.");

    private static bool IsPassing(string text) => Passing.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static string TypeOf(string address)
    {
        var parts = address.Split('.');
        return parts.FirstOrDefault(part => part.StartsWith("aws_", StringComparison.Ordinal)) ?? "instance";
    }

    // Colours, frames and identifiers of requests help nobody.
    private static string Plain(string text)
    {
        text = Regex.Replace(text, "\u001b\\[[0-9;]*m|[│╷╵]", "", RegexOptions.NonBacktracking);
        text = Regex.Replace(text, @",? ?(https response error )?StatusCode: [0-9]+, RequestID: [A-Za-z0-9-]*,?( HostID: [A-Za-z0-9+/=]*,?)?", "", RegexOptions.NonBacktracking);
        text = Regex.Replace(text, @"\s+", " ", RegexOptions.NonBacktracking).Trim();
        return text.Length > 600 ? text[..600] + "…" : text;
    }
}
