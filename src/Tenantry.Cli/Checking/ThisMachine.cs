using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Targets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Cli.Checking;

/// <summary>Checks kinds of targets from this process, as this user, where no control plane runs that would do it.</summary>
internal static class ThisMachine
{
    private const string Needless = "fake";

    /// <summary>True when a failure means that no control plane runs on this machine: one elsewhere cannot be stood in for.</summary>
    public static bool StandsInFor(TenantryUnavailableException away) =>
        away is { NotConnected: true, Address.Socket: not null } && Failure.Of(away) is { ExitCode: ExitCode.Unavailable };

    /// <summary>True for the name of a kind.</summary>
    public static bool Knows(string kind) => TargetCatalog.Find(kind) is not null;

    /// <summary>A report of a kind that is known, with these options.</summary>
    public static Task<TargetCheckResponse> CheckAsync(string kind, IReadOnlyDictionary<string, string> options, CancellationToken cancellationToken) =>
        CheckAsync(TargetCatalog.Find(kind)!, options, cancellationToken);

    /// <summary>A report of that kind with these options; when none is named, of every kind that needs something of the machine and no options.</summary>
    public static async Task<IReadOnlyList<TargetCheckResponse>> CheckAsync(
        string? kind, IReadOnlyDictionary<string, string> options, TenantryUnavailableException away, CancellationToken cancellationToken)
    {
        var reports = new List<TargetCheckResponse>();
        foreach (var known in kind is null ? TargetCatalog.All.Where(line => line.Kind != Needless && TakesNone(line)) : [Find(kind, away)])
            reports.Add(await CheckAsync(known, options, cancellationToken));
        return reports;
    }

    // One that needs options is checked when it is named with them.
    private static bool TakesNone(TargetKind kind)
    {
        try
        {
            kind.CheckOptions(new Dictionary<string, string>(StringComparer.Ordinal));
            return true;
        }
        catch (TargetException)
        {
            return false;
        }
    }

    private static TargetKind Find(string kind, TenantryUnavailableException away)
    {
        var known = TargetCatalog.All.Select(line => line.Kind).ToArray();
        return TargetCatalog.Find(kind) ?? throw new CliException(
            ExitCode.Unavailable,
            $"No control plane answers at {away.Address}, and '{kind}' is no kind of target ({string.Join(", ", known)}), which could be checked without one.{Nearest.Hint(kind, known)}",
            Failure.Of(away)?.Fix);
    }

    // As the API says it of a target that is added.
    private static void Refuse(TargetKind kind, IReadOnlyDictionary<string, string> options)
    {
        if (options.Keys.FirstOrDefault(option => !kind.Options.ContainsKey(option)) is { } unknown)
        {
            var known = kind.Options.Count == 0 ? "it has none" : $"it has {string.Join(", ", kind.Options.Keys.Order(StringComparer.Ordinal))}";
            throw new CliException(ExitCode.Usage, $"--option {unknown}: the kind '{kind.Kind}' has no such option; {known}.{Nearest.Hint(unknown, kind.Options.Keys)}");
        }

        try
        {
            kind.CheckOptions(options);
        }
        catch (TargetException mistake)
        {
            throw new CliException(ExitCode.Usage, $"--option: {mistake.Sentence}");
        }
    }

    private static async Task<TargetCheckResponse> CheckAsync(TargetKind kind, IReadOnlyDictionary<string, string> options, CancellationToken cancellationToken)
    {
        Refuse(kind, options);
        // Nothing is made in these folders: probing changes nothing.
        var nowhere = Path.Combine(Path.GetTempPath(), $"tenantry-check-{Guid.NewGuid():N}");
        await using var target = kind.Create(new TargetContext(
            kind.Kind, "", nowhere, nowhere, options, TimeProvider.System, NullLogger.Instance));
        var report = await target.ProbeAsync(cancellationToken);
        return new(
            kind.Kind,
            report.Works,
            [.. report.Findings.Select(found => new TargetFindingResponse(found.Subject, found.Level.ToString(), found.Message, found.Fix))]);
    }
}
