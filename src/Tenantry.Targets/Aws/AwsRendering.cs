using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Aws;

/// <summary>An instance of an AWS target in Terraform's words. Pure; nothing secret is in it.</summary>
/// <param name="Workspace">Its workspace.</param>
/// <param name="Variables">Its variables, a file <c>WORKSPACE.tfvars.json</c>.</param>
/// <param name="Secret">Name of its secret in Secrets Manager.</param>
/// <param name="SecretKeys">Keys of that secret.</param>
/// <param name="Costs">Its parts by list prices, a month: what, amount, whether it costs nothing while asleep.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="CostsNote">Where the prices are from, and what is not exact.</param>
/// <param name="Notes">Sentences for a person.</param>
public sealed record AwsRendered(
    string Workspace,
    string Variables,
    string Secret,
    IReadOnlyList<string> SecretKeys,
    IReadOnlyList<(string What, decimal Amount, bool StopsAsleep)> Costs,
    string Currency,
    string CostsNote,
    IReadOnlyList<string> Notes)
{
    /// <summary>What it costs a month by list prices; null when one of them is not known. Throws as <see cref="Of"/> does.</summary>
    public static MonthlyCost? CostOf(InstanceWorkload workload, IReadOnlyDictionary<string, string> options)
    {
        var one = Of(workload, options, null);
        return one.Costs.Count == 0
            ? null
            : new MonthlyCost(new Money(one.Costs.Sum(part => part.Amount), one.Currency), new Money(one.Costs.Where(part => !part.StopsAsleep).Sum(part => part.Amount), one.Currency), one.CostsNote);
    }

    /// <summary>Renders one. Throws a terminal <see cref="TargetException"/> for a workload or options that make no sense.</summary>
    /// <param name="workload">The instance; its secrets may be marks.</param>
    /// <param name="options">The target's options.</param>
    /// <param name="range">Its network, or null while it has none.</param>
    /// <param name="account">Id of the account that it has of its own, as an observation tells it; null while it has none.</param>
    public static AwsRendered Of(InstanceWorkload workload, IReadOnlyDictionary<string, string> options, IPNetwork? range, string? account = null)
    {
        var read = AwsTargetOptions.Parse(options);
        AwsWorkloadCheck.Refuse(workload, read);
        var tier = AwsTiers.Of(workload, read);
        var notes = new List<string>();
        if (range is null)
            notes.Add("It has no network range yet: it gets one when it is made, and the one in this file is the first of the pools.");
        if (AwsVariables.Images(workload, read).Any(image => !image.Contains("@sha256:", StringComparison.Ordinal)))
            notes.Add("An image is named by a tag: the engine resolves it to a digest when it applies.");
        if (read.HasAccounts && account is null)
            notes.Add("It has no account of its own yet: it gets one when it is made, and role_arn in this file is empty.");
        var images = new Dictionary<string, string>(StringComparer.Ordinal);
        var variables = AwsVariables.Of(new AwsVariableParts(workload, tier, range ?? new IPNetwork(read.Pools[0].BaseAddress, read.RangeSize), "", images), read);
        var whole = AwsVariables.Whole(variables, read, account is null ? "" : AwsNames.Role(account, read), isAsleep: false);
        var prices = AwsPrices.Load(read.Prices);
        var estimate = prices.Estimate(variables, read.Region);
        var workspace = AwsNames.Workspace(workload);
        return new AwsRendered(
            workspace,
            ((JsonNode)whole).ToJsonString(AtomicFile.Json) + "\n",
            AwsNames.Secret(read.Project, workspace),
            [.. AwsSecretDocument.Of(workload).Values.Keys],
            estimate is null ? [] : [.. estimate.Lines.Select(line => (line.What, line.Amount, line.StopsAsleep))],
            prices.Currency,
            estimate is null ? "A price is not known: the tier's Redis or platform is not in the file of prices." : $"Prices of {prices.Date}. {prices.Source}{(estimate.Note is null ? "" : $" Note: {estimate.Note}.")}",
            notes);
    }
}
