using System.Globalization;
using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>Looks whether instances can be made: Terraform and its provider, credentials, the bucket of the states, the file of tiers. Changes nothing in AWS.</summary>
internal static class AwsProbe
{
    private static readonly Version Oldest = new(1, 10);

    internal static async Task<ProbeReport> LookAsync(AwsHost host, CancellationToken cancellationToken)
    {
        var findings = new List<ProbeFinding>();
        findings.AddRange(await ProgramAsync(host, cancellationToken));
        if (findings.TrueForAll(finding => finding.Level != ProbeLevel.Missing))
            findings.Add(await ProviderAsync(host, cancellationToken));
        findings.Add(await CredentialsAsync(host, cancellationToken));
        if (findings[^1].Level != ProbeLevel.Missing)
            findings.Add(await ZonesAsync(host, cancellationToken));
        findings.Add(await StateAsync(host, cancellationToken));
        findings.Add(Tiers(host));
        if (host.Options.HasAccounts)
            findings.Add(await OrganizationAsync(host, cancellationToken));
        if (host.Options.Endpoint is { } endpoint)
            findings.Add(new ProbeFinding("endpoint", ProbeLevel.Note, $"Everything is asked at {endpoint}, which is not AWS."));
        return new ProbeReport(findings.TrueForAll(finding => finding.Level != ProbeLevel.Missing), findings);
    }

    /// <summary>The version that <c>version -json</c> tells, or null.</summary>
    internal static Version? ReadVersion(string output)
    {
        try
        {
            var json = JsonSerializer.Deserialize<JsonElement>(output);
            return json.TryGetProperty("terraform_version", out var text) && Version.TryParse(text.GetString()!.Split('-')[0], out var version) ? version : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<ProbeFinding>> ProgramAsync(AwsHost host, CancellationToken cancellationToken)
    {
        try
        {
            var program = host.Program;
            var result = await host.Terraform.LookAsync(TerraformCommands.Version(program), cancellationToken);
            if (ReadVersion(result.Output) is not { } version)
                return [new ProbeFinding("terraform", ProbeLevel.Missing, $"{program} does not tell its version: {result.LastLines(2)}", "Name the right program: --option program=/path/to/terraform")];
            return version >= Oldest
                ? [new ProbeFinding("terraform", ProbeLevel.Ok, $"{Path.GetFileName(program)} {version}")]
                : [new ProbeFinding("terraform", ProbeLevel.Missing, string.Create(CultureInfo.InvariantCulture, $"{program} is {version}; {Oldest} or newer is needed, whose lock lies beside the state."), "https://developer.hashicorp.com/terraform/install")];
        }
        catch (TargetException missing)
        {
            return [new ProbeFinding("terraform", ProbeLevel.Missing, missing.Message, missing.Fix)];
        }
    }

    private static async Task<ProbeFinding> ProviderAsync(AwsHost host, CancellationToken cancellationToken)
    {
        try
        {
            await host.EmptyRootAsync(cancellationToken);
            return new ProbeFinding("provider", ProbeLevel.Ok, "hashicorp/aws is there.");
        }
        catch (TargetException failure)
        {
            return new ProbeFinding("provider", ProbeLevel.Missing, failure.Message, failure.Fix);
        }
    }

    private static async Task<ProbeFinding> CredentialsAsync(AwsHost host, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await host.Aws.QueryAsync(AwsService.Sts, "GetCallerIdentity", new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
            return new ProbeFinding("credentials", ProbeLevel.Ok, answer.Descendants().FirstOrDefault(element => element.Name.LocalName == "Arn")?.Value ?? "accepted");
        }
        catch (AwsException error)
        {
            var failure = AwsErrors.Explain(error, "Asking AWS who we are");
            return new ProbeFinding("credentials", ProbeLevel.Missing, failure.Message, failure.Fix);
        }
    }

    // Which zones there are is each account's own.
    private static async Task<ProbeFinding> ZonesAsync(AwsHost host, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await host.Aws.QueryAsync(AwsService.Networks, "DescribeAvailabilityZones", new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
            var there = answer.Descendants().Where(element => element.Name.LocalName == "item" && element.Elements().Any(part => part.Name.LocalName == "zoneState" && part.Value == "available"))
                .SelectMany(element => element.Elements()).Where(part => part.Name.LocalName == "zoneName").Select(part => part.Value)
                .Where(zone => zone.StartsWith(host.Options.Region, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
            var missing = host.Options.Zones.Except(there, StringComparer.Ordinal).ToList();
            return missing.Count == 0
                ? new ProbeFinding("zones", ProbeLevel.Ok, string.Join(", ", host.Options.Zones))
                : new ProbeFinding("zones", ProbeLevel.Missing, $"This account has no zone {string.Join(" and ", missing)}. It has: {string.Join(", ", there)}.", $"tenantry target set {host.Context.Name} --option zones={string.Join(',', there.Take(2))}");
        }
        catch (AwsException error)
        {
            var failure = AwsErrors.Explain(error, "Asking for availability zones");
            return new ProbeFinding("zones", ProbeLevel.Missing, failure.Message, failure.Fix);
        }
    }

    private static async Task<ProbeFinding> StateAsync(AwsHost host, CancellationToken cancellationToken)
    {
        if (host.Options.Bucket is not { } bucket)
            return new ProbeFinding("state", ProbeLevel.Note, "States lie in a folder of this machine: lost with it, and no second control plane can work on them.", $"tenantry target set {host.Context.Name} --option state=s3://BUCKET/PREFIX");
        try
        {
            await host.Store.Blobs.ListAsync("records/none/", cancellationToken);
            return new ProbeFinding("state", ProbeLevel.Ok, $"s3://{bucket.Bucket}/{bucket.Prefix}");
        }
        catch (AwsException error)
        {
            var failure = AwsErrors.Explain(error, $"Reading s3://{bucket.Bucket}/{bucket.Prefix}");
            return new ProbeFinding("state", ProbeLevel.Missing, failure.Message, failure.Fix);
        }
    }

    private static ProbeFinding Tiers(AwsHost host)
    {
        try
        {
            var tiers = AwsTiers.Load(host.Options.Tiers);
            return tiers.Count == 0
                ? new ProbeFinding("tiers", ProbeLevel.Note, "Every tier is one task without Redis. Another meaning is written in a file: option tiers.")
                : new ProbeFinding("tiers", ProbeLevel.Ok, string.Join(", ", tiers.Keys));
        }
        catch (TargetException failure)
        {
            return new ProbeFinding("tiers", ProbeLevel.Missing, failure.Message, failure.Fix);
        }
    }

    private static async Task<ProbeFinding> OrganizationAsync(AwsHost host, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await host.Aws.JsonAsync(AwsService.Organizations, "DescribeOrganization", new { }, cancellationToken);
            return new ProbeFinding("organization", ProbeLevel.Ok, answer.GetProperty("Organization").GetProperty("Id").GetString()!);
        }
        catch (AwsException error)
        {
            return new ProbeFinding("organization", ProbeLevel.Missing, $"An account for each client needs an organization that these credentials manage: {error.Message}", "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_create.html");
        }
    }
}
