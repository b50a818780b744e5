using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Aws;

/// <summary>List prices with their date and source, and what an instance costs by them.</summary>
internal sealed record AwsPrices
{
    private const int EndpointKinds = 4;

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, NumberHandling = JsonNumberHandling.AllowReadingFromString };

    /// <summary>Those that come with the program.</summary>
    internal static AwsPrices Known { get; } = Load();

    public required string Date { get; init; }

    public required string Currency { get; init; }

    /// <summary>Where they hold.</summary>
    public required string Region { get; init; }

    public required string Source { get; init; }

    /// <summary>The page of each price; all of <see cref="Date"/>.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public required decimal HoursPerMonth { get; init; }

    public required IReadOnlyDictionary<string, FargatePrice> Fargate { get; init; }

    public required decimal BalancerHour { get; init; }

    public required decimal BalancerUnitHour { get; init; }

    public required decimal NatHour { get; init; }

    public required decimal AddressHour { get; init; }

    public required decimal EndpointHour { get; init; }

    public required decimal SecretMonth { get; init; }

    public required decimal AlarmMonth { get; init; }

    public required decimal DashboardMonth { get; init; }

    public required decimal VolumeGibMonth { get; init; }

    public required IReadOnlyDictionary<string, decimal> RedisHour { get; init; }

    /// <summary>Reads such a file. Throws a terminal <see cref="TargetException"/> for one that makes no sense.</summary>
    internal static AwsPrices Read(Stream json, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<AwsPrices>(json, Strict) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException error)
        {
            throw new TargetException($"The prices {name} make no sense: {error.Message}", retryable: false, cause: error);
        }
    }

    /// <summary>What an instance with these variables costs a month; null when a price is not known.</summary>
    internal AwsEstimate? Estimate(JsonObject variables, string region)
    {
        var service = variables["service"]!;
        var zones = variables["network"]!["zones"]!.AsArray().Count;
        var exit = variables["network"]!["exit"]!.GetValue<string>();
        var (min, max) = (service["min"]!.GetValue<int>(), service["max"]!.GetValue<int>());
        if (!Fargate.TryGetValue(service["platform"]!.GetValue<string>(), out var fargate))
            return null;
        var lines = new List<EstimateLine>();
        var task = ((service["cpu"]!.GetValue<int>() / 1024m * fargate.CpuHour) + (service["memory"]!.GetValue<int>() / 1024m * fargate.GibHour)) * HoursPerMonth;
        lines.Add(new EstimateLine(max > min ? $"{min} tasks (up to {max})" : $"{min} task{(min == 1 ? "" : "s")}", task * min, StopsAsleep: true));
        if (exit == "public")
            lines.Add(new EstimateLine("tasks' public addresses", AddressHour * HoursPerMonth * min, StopsAsleep: true));
        if (exit is "nat" or "nat-per-zone")
        {
            var gateways = exit == "nat" ? 1 : zones;
            lines.Add(new EstimateLine($"{gateways} NAT gateway{(gateways == 1 ? "" : "s")}", (NatHour + AddressHour) * HoursPerMonth * gateways, StopsAsleep: false));
        }

        if (exit == "endpoints")
            lines.Add(new EstimateLine($"{EndpointKinds} endpoints in {zones} zones", EndpointHour * HoursPerMonth * EndpointKinds * zones, StopsAsleep: false));
        if (variables["load_balancer"] is not null)
            lines.Add(new EstimateLine("load balancer with one unit of capacity", (BalancerHour + BalancerUnitHour + (AddressHour * zones)) * HoursPerMonth, StopsAsleep: false));
        if (variables["redis"] is { } redis)
        {
            var type = redis["node_type"]!.GetValue<string>();
            if (!RedisHour.TryGetValue(type, out var hour))
                return null;
            var nodes = redis["nodes"]!.GetValue<int>();
            lines.Add(new EstimateLine($"Redis, {nodes} × {type}", hour * HoursPerMonth * nodes, StopsAsleep: false));
        }

        if (variables["files"]?.GetValue<bool>() == true)
            lines.Add(new EstimateLine("volumes, each GiB that is used", VolumeGibMonth, StopsAsleep: false));
        lines.Add(new EstimateLine("secret", SecretMonth, StopsAsleep: false));
        if (variables["monitoring"]!["on"]!.GetValue<bool>())
            lines.Add(new EstimateLine("dashboard and alarms", DashboardMonth + (AlarmMonth * (variables["load_balancer"] is null ? 2 : 4)), StopsAsleep: false));
        return new AwsEstimate([.. lines.Select(line => line with { Amount = decimal.Round(line.Amount, 2) })], Currency, region == Region ? null : $"prices are those of {Region}, the instance is in {region}");
    }

    /// <summary>Those of a file, or the program's when none is named.</summary>
    internal static AwsPrices Load(string? file)
    {
        if (file is null)
            return Known;
        try
        {
            using var stream = File.OpenRead(file);
            return Read(stream, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"The prices {file} cannot be read: {error.Message}", retryable: false, cause: error);
        }
    }

    private static AwsPrices Load()
    {
        using var stream = typeof(AwsPrices).Assembly.GetManifestResourceStream("Tenantry.Targets.Aws.prices.json")!;
        return Read(stream, "of the program");
    }
}

/// <summary>Prices of a processor and of a GiB of memory for an hour.</summary>
internal sealed record FargatePrice(decimal CpuHour, decimal GibHour);

/// <summary>One part of what an instance costs.</summary>
/// <param name="What">For a person.</param>
/// <param name="Amount">A month.</param>
/// <param name="StopsAsleep">True when it costs nothing while the instance is asleep.</param>
internal sealed record EstimateLine(string What, decimal Amount, bool StopsAsleep);

/// <summary>What an instance costs a month by list prices.</summary>
/// <param name="Lines">Its parts.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Note">What is not exact about it, or null.</param>
internal sealed record AwsEstimate(IReadOnlyList<EstimateLine> Lines, string Currency, string? Note)
{
    internal Money Total => new(Lines.Sum(line => line.Amount), Currency);

    internal IEnumerable<EstimateLine> KeptAsleep => Lines.Where(line => !line.StopsAsleep);

    /// <summary>What it costs while it is asleep, as a person writes it.</summary>
    internal string Asleep => string.Create(CultureInfo.InvariantCulture, $"{KeptAsleep.Sum(line => line.Amount):0.00} {Currency}");
}
