using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Aws;

/// <summary>What an operator may say about an AWS target.</summary>
internal sealed record AwsTargetOptions
{
    /// <summary>Each option and what it means.</summary>
    internal static IReadOnlyDictionary<string, string> Known { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["account-email"] = "For isolation=account: address of a new account, with {tenant} in it, such as aws+{tenant}@example.com",
        ["account-role"] = "For isolation=account: role in a client's account that is assumed (default: OrganizationAccountAccessRole)",
        ["boundary"] = "ARN of the policy that bounds the roles of tasks, as the policy in docs/targets asks for one; not with isolation=account",
        ["certificate"] = "ARN of the certificate that load balancers show; without one they speak HTTP",
        ["cooling"] = "Time that a network range is not given out again after its instance is gone, such as 30d (default: 30d)",
        ["drift-every"] = "Time between two plans that look for drift, such as 30m (default: 30m)",
        ["endpoint"] = "One address for all of AWS, as of an emulator; empty for AWS itself",
        ["entrance"] = "How the gateway reaches tasks: load-balancer, or address, that of the task itself, for a control plane inside the networks (default: load-balancer)",
        ["exit"] = "How tasks reach the internet: public (an address of their own), nat, nat-per-zone; what may reach nothing gets endpoints in its network (default: public)",
        ["files-image"] = "Image with a shell and base64 that writes secrets and files before the app starts by its digest or in ECR (default: busybox of public.ecr.aws)",
        ["gateways"] = "Networks, separated by commas, that the gateway comes from; the entrance is closed to others; needed with certificate (default: everybody)",
        ["https"] = "gateways: HTTPS at a load balancer with a certificate is for the gateways too; everybody: it is a second way in, past the gateway, its limits and its sleep (default: gateways)",
        ["isolation"] = "workspace: all clients in one account; account: an account for each client (default: workspace)",
        ["pools"] = "Networks, separated by commas, that instances' ranges are cut from (default: 10.0.0.0/8)",
        ["prices"] = "File of prices in place of the program's own, of the same shape",
        ["profile"] = "Profile of the shared credentials file (default: the usual search for credentials)",
        ["program"] = "Terraform or OpenTofu: its name or path (default: terraform, else tofu)",
        ["project"] = "Name in tags, secrets and dashboards (default: tenantry)",
        ["range-size"] = "Length of the prefix of an instance's network, 16 to 24 (default: 16)",
        ["region"] = "Where instances run, such as eu-central-1; needed",
        ["state"] = "s3://BUCKET/PREFIX that states lie in, or local, a folder of this machine (default: local)",
        ["tags"] = "refuse: an image is named by its digest, or its tag is in ECR and is resolved; allow: any (default: refuse)",
        ["tiers"] = "File with what tiers mean here: tasks, Redis, exit; see docs/targets/aws.md",
        ["time-limit"] = "Longest time that one run of Terraform may take, such as 45m (default: 45m)",
        ["topic"] = "ARN of the SNS topic that alarms are told to",
        ["zones"] = "Availability zones, separated by commas, of instances that have no network yet (default: the region's a and b, which not every account has)",
    };

    internal string Region { get; init; } = "";

    internal Uri? Endpoint { get; init; }

    internal string Project { get; init; } = "tenantry";

    internal string? Profile { get; init; }

    internal string? Program { get; init; }

    /// <summary>Null: a folder of this machine.</summary>
    internal (string Bucket, string Prefix)? Bucket { get; init; }

    internal bool HasAccounts { get; init; }

    internal string? AccountEmail { get; init; }

    internal string AccountRole { get; init; } = "OrganizationAccountAccessRole";

    internal string Certificate { get; init; } = "";

    /// <summary>True when everybody may come by HTTPS.</summary>
    internal bool IsOpen { get; init; }

    internal string Boundary { get; init; } = "";

    internal string Topic { get; init; } = "";

    internal bool IsBalanced { get; init; } = true;

    internal string Exit { get; init; } = "public";

    internal IReadOnlyList<string> Gateways { get; init; } = [];

    internal IReadOnlyList<IPNetwork> Pools { get; init; } = [IPNetwork.Parse("10.0.0.0/8")];

    internal int RangeSize { get; init; } = 16;

    internal TimeSpan Cooling { get; init; } = TimeSpan.FromDays(30);

    internal TimeSpan DriftEvery { get; init; } = TimeSpan.FromMinutes(30);

    internal TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(45);

    internal string FilesImage { get; init; } = "public.ecr.aws/docker/library/busybox:1.37.0@sha256:bdf57e528e45e4433820e045b29b4597825a1c9e38353532d90a01445013f82e";

    internal bool AllowsTags { get; init; }

    internal string? Tiers { get; init; }

    internal string? Prices { get; init; }

    internal IReadOnlyList<string> GivenZones { get; init; } = [];

    internal IReadOnlyList<string> Zones => GivenZones.Count > 0 ? GivenZones : [Region + "a", Region + "b"];

    /// <summary>Reads options; throws a terminal <see cref="TargetException"/> that names every mistake.</summary>
    internal static AwsTargetOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var read = TargetOptions.Read(new AwsTargetOptions(), options, Known, With);
        if (read.Region.Length == 0)
            throw Wrong("The option region is needed, such as region=eu-central-1.");
        if (read.HasAccounts && read.AccountEmail is null)
            throw Wrong("isolation=account needs the option account-email: each account of AWS has an address of its own.");
        if (read is { IsBalanced: true, Certificate.Length: > 0, Gateways.Count: 0 })
            throw Wrong("The option certificate needs the option gateways: the entrance is then open to your gateway alone, which nothing names.");
        if (read is { HasAccounts: true, Certificate.Length: > 0 })
            throw Wrong("With isolation=account each load balancer is in its client's account, and AWS lets it show no certificate of another account: leave the option certificate out. Your gateway shows certificates.");
        if (read is { HasAccounts: true, Boundary.Length: > 0 })
            throw Wrong("The option boundary names a policy of one account, and with isolation=account each client has its own: leave it out.");
        if (read.Pools.FirstOrDefault(pool => pool.PrefixLength > read.RangeSize) is { PrefixLength: > 0 } small)
            throw Wrong($"The pool {small} is smaller than one range (/{read.RangeSize}).");
        return read;
    }

    private static AwsTargetOptions? With(AwsTargetOptions options, string key, string value) => key switch
    {
        "region" when Regex.IsMatch(value, "^[a-z]{2}(-[a-z]+)+-[0-9]$", RegexOptions.NonBacktracking) => options with { Region = value },
        "endpoint" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", PathAndQuery: "/" } => options with { Endpoint = uri },
        "project" when Regex.IsMatch(value, "^[a-z][a-z0-9-]{0,30}$", RegexOptions.NonBacktracking) => options with { Project = value },
        "profile" when IsWord(value) => options with { Profile = value },
        "program" when IsWord(value) => options with { Program = value },
        "state" when value == "local" => options with { Bucket = null },
        "state" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "s3", Host.Length: > 2, AbsolutePath.Length: > 1 } => options with { Bucket = (uri.Host, uri.AbsolutePath.Trim('/')) },
        "isolation" when value is "workspace" or "account" => options with { HasAccounts = value == "account" },
        "account-email" when value.Contains("{tenant}", StringComparison.Ordinal) && value.Count(letter => letter == '@') == 1 && IsWord(value) => options with { AccountEmail = value },
        "account-role" when Regex.IsMatch(value, "^[A-Za-z0-9+=,.@_/-]{1,64}$", RegexOptions.NonBacktracking) => options with { AccountRole = value },
        "certificate" when IsArn(value, "acm") => options with { Certificate = value },
        "https" when value is "gateways" or "everybody" => options with { IsOpen = value == "everybody" },
        "boundary" when IsArn(value, "iam") && value.Contains(":policy/", StringComparison.Ordinal) => options with { Boundary = value },
        "topic" when IsArn(value, "sns") => options with { Topic = value },
        "entrance" when value is "load-balancer" or "address" => options with { IsBalanced = value == "load-balancer" },
        "exit" when value is "public" or "nat" or "nat-per-zone" => options with { Exit = value },
        "gateways" when Networks(value) is { } networks => options with { Gateways = [.. networks.Select(network => network.ToString())] },
        "pools" when Networks(value) is { } networks => options with { Pools = networks },
        "range-size" when TargetOptions.Number(value, 16, 24) is { } length => options with { RangeSize = (int)length },
        "cooling" when DurationText.Parse(value) is { } time => options with { Cooling = time },
        "drift-every" when DurationText.Parse(value) is { } time => options with { DriftEvery = time },
        "time-limit" when DurationText.Parse(value) is { } time && time >= TimeSpan.FromMinutes(1) => options with { TimeLimit = time },
        "files-image" when IsWord(value) => options with { FilesImage = value },
        "tags" when value is "refuse" or "allow" => options with { AllowsTags = value == "allow" },
        "tiers" when Path.IsPathFullyQualified(value) => options with { Tiers = value },
        "prices" when Path.IsPathFullyQualified(value) => options with { Prices = value },
        "zones" when value.Split(',') is { Length: >= 2 } zones && zones.All(zone => Regex.IsMatch(zone, "^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$", RegexOptions.NonBacktracking)) => options with { GivenZones = zones },
        _ => null,
    };

    private static bool IsWord(string value) => value.Length > 0 && value.All(letter => letter > ' ' && letter < (char)127);

    private static bool IsArn(string value, string service) => value.StartsWith("arn:", StringComparison.Ordinal) && value.Split(':') is { Length: >= 6 } parts && parts[2] == service;

    private static IReadOnlyList<IPNetwork>? Networks(string value)
    {
        var networks = new List<IPNetwork>();
        foreach (var part in value.Split(','))
        {
            if (!IPNetwork.TryParse(part, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
                return null;
            networks.Add(network);
        }

        return networks;
    }

    private static TargetException Wrong(string message) => new(message, retryable: false);
}
