using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Tenants;

namespace Tenantry.Model.Workloads;

/// <summary>Everything that a workload is made from.</summary>
/// <param name="Spec">What is wanted.</param>
/// <param name="Tenant">Whose instance it is.</param>
/// <param name="Release">The wanted release.</param>
/// <param name="Manifest">Its manifest, file sources inlined.</param>
/// <param name="Sources">The build's input files as the engine unpacked them.</param>
/// <param name="Secrets">Values by name.</param>
/// <param name="Owner">The control plane's id.</param>
/// <param name="Url">The address that people open.</param>
public sealed record WorkloadParts(
    InstanceSpec Spec,
    Tenant Tenant,
    Release Release,
    Manifest Manifest,
    ReleaseInputs Sources,
    IReadOnlyDictionary<string, string> Secrets,
    string Owner,
    Uri Url);

/// <summary>The input files of a release, on the engine's host.</summary>
/// <param name="Folder">Absolute; empty when there are none.</param>
/// <param name="Paths">Relative paths, sorted.</param>
public sealed record ReleaseInputs(string Folder, IReadOnlyList<string> Paths)
{
    /// <summary>A release without inputs.</summary>
    public static ReleaseInputs None { get; } = new("", []);
}

/// <summary>A spec cannot become a workload until a person changes something. The message says what and how.</summary>
public sealed class WorkloadRefusedException(string condition, string message) : Exception(message)
{
    /// <summary>The condition of an instance whose release requires secrets that have no value.</summary>
    public const string SecretsMissing = "SecretsMissing";

    /// <summary>Type of the status condition that it sets, such as <c>SecretsMissing</c>.</summary>
    public string Condition { get; } = condition;
}

/// <summary>Resolves a spec into what a target runs.</summary>
public static class WorkloadBuilder
{
    /// <summary>The workload. Pure: equal parts give equal workloads.</summary>
    /// <exception cref="WorkloadRefusedException">A tier or a required secret is missing.</exception>
    public static InstanceWorkload Build(WorkloadParts parts)
    {
        var (spec, manifest) = (parts.Spec, parts.Manifest);
        var tier = manifest.FindTier(spec.Tier) ?? throw new WorkloadRefusedException(
            "TierUnknown",
            $"Release {parts.Release.Id} of {spec.App} has no tier '{spec.Tier}'. It has: {string.Join(", ", manifest.Tiers.Select(t => t.Name))}. Set one with 'tenantry tenant set {spec.Tenant} --tier TIER'.");
        RefuseMissingSecrets(parts);
        var values = Values(parts, tier);
        var workload = new InstanceWorkload
        {
            Ref = new InstanceRef(spec.Id, spec.Slug, parts.Owner),
            Labels = new WorkloadLabels(spec.Tenant, spec.Organization, spec.App, spec.Environment, spec.Tier, manifest.Version) { CostCentre = parts.Tenant.CostCentre },
            Release = new ReleaseSource(parts.Release.Id, parts.Sources.Folder, Build(manifest.Build, parts)),
            Services = InOrder(manifest).Select(service => Service(service, values, manifest, parts.Secrets)).ToList(),
            EntryPort = manifest.EntryPort()?.Number,
            Limits = Limits(tier),
            Egress = Egress(manifest.Egress),
            Secrets = parts.Secrets.Where(secret => manifest.FindSecret(secret.Key) is not null)
                .ToDictionary(secret => secret.Key, secret => secret.Value, StringComparer.Ordinal),
            Desired = spec.Desired,
            RestartNonce = spec.RestartNonce,
            Digest = "",
        };
        return workload with { Digest = WorkloadDigest.Of(workload) };
    }

    private static void RefuseMissingSecrets(WorkloadParts parts)
    {
        var missing = parts.Manifest.Secrets
            .Where(secret => secret.Required && string.IsNullOrEmpty(parts.Secrets.GetValueOrDefault(secret.Name)))
            .ToList();
        if (missing.Count > 0)
        {
            throw new WorkloadRefusedException(
                WorkloadRefusedException.SecretsMissing,
                $"{(missing.Count == 1 ? "A required secret has" : "Required secrets have")} no value: {string.Join(", ", missing.Select(secret => secret.Name))}. Set {(missing.Count == 1 ? "it" : "them")} with {string.Join(", ", missing.Select(secret => $"'{secret.SetCommand(parts.Spec.Slug)}'"))}.");
        }
    }

    private static ReferenceValues Values(WorkloadParts parts, TierDefinition tier) => new()
    {
        Manifest = parts.Manifest,
        Tier = tier,
        TenantName = parts.Tenant.Name,
        TenantDisplayName = parts.Tenant.DisplayName,
        Organization = parts.Tenant.Organization,
        Slug = parts.Spec.Slug,
        Url = parts.Url.GetLeftPart(UriPartial.Authority),
        Host = parts.Url.Host,
        Environment = parts.Spec.Environment,
        ReleaseId = parts.Release.Id,
        Features = parts.Spec.Features,
        Secret = name => parts.Secrets.GetValueOrDefault(name),
    };

    private static List<ServiceDefinition> InOrder(Manifest manifest)
    {
        var ordered = new List<ServiceDefinition>();
        var entry = manifest.EntryService();
        var waiting = manifest.Services.OrderBy(service => service == entry ? 0 : 1).ToList();
        while (waiting.Count > 0)
        {
            // The manifest's reader refuses circles, so there is always one that can go next.
            var next = waiting.First(service => service.DependsOn.All(name => ordered.Any(done => done.Name == name)));
            ordered.Add(next);
            waiting.Remove(next);
        }

        return ordered;
    }

    private static ServiceWorkload Service(
        ServiceDefinition service, ReferenceValues values, Manifest manifest, IReadOnlyDictionary<string, string> secrets)
    {
        var env = service.Env.ToDictionary(pair => pair.Key, pair => ReferenceExpander.Expand(pair.Value, values.Find), StringComparer.Ordinal);
        foreach (var secret in manifest.Secrets)
        {
            if (secret.Env is not null && secrets.TryGetValue(secret.Name, out var value))
                env.TryAdd(secret.Env, value);
        }

        return new ServiceWorkload
        {
            Name = service.Name,
            Image = service.Image,
            Root = service.Run is null ? new RootSource(RootKind.Host, "") : new RootSource(Kind(service.Run.Root), service.Run.Path ?? ""),
            Command = [.. service.Command.Select(part => ReferenceExpander.Expand(part, values.Find))],
            WorkingDirectory = service.WorkingDirectory ?? "",
            Ports = [.. service.Ports.Select(port => new PortWorkload(port.Name, port.Number, port.SpeaksHttp()))],
            Env = env,
            Files = [.. service.Files.Select(file => new FileWorkload(file.Path, ReferenceExpander.Expand(file.Template ?? "", values.Find), (int)file.Mode))],
            Volumes = [.. service.Volumes.Select(volume => new VolumeWorkload(volume.Name, volume.Path, volume.Size))],
            Health = Health(service.Health),
            StopSignal = service.StopSignal.StartsWith("SIG", StringComparison.Ordinal) ? service.StopSignal[3..] : service.StopSignal,
            StopGrace = service.StopGrace,
            DependsOn = [.. service.DependsOn.Order(StringComparer.Ordinal)],
            User = service.User ?? "",
        };
    }

    private static RootKind Kind(Manifests.RootKind kind) => kind switch
    {
        Manifests.RootKind.Folder => RootKind.Folder,
        Manifests.RootKind.Image => RootKind.Image,
        _ => RootKind.Host,
    };

    private static HealthWorkload? Health(HealthDefinition? health) => health is null
        ? null
        : new HealthWorkload(
            health.Http?.Path,
            health.Http?.Port ?? health.Tcp,
            health.Command.Count > 0 ? health.Command : null,
            health.Interval,
            health.Timeout,
            health.Retries,
            health.StartPeriod);

    private static ResourceLimits Limits(TierDefinition tier) => new(
        tier.Memory,
        tier.Cpu,
        tier.MemoryReservation,
        tier.CpuReservation,
        tier.Pids,
        tier.Disk,
        tier.Runtime == SandboxRuntime.Crun ? "" : tier.Runtime.ToString().ToLowerInvariant());

    private static EgressRules Egress(EgressPolicy egress) => egress.Mode switch
    {
        Manifests.EgressMode.Internet => new EgressRules(EgressMode.Internet, []),
        Manifests.EgressMode.Listed => new EgressRules(EgressMode.List, [.. egress.Allow.Select(Rule)]),
        _ => new EgressRules(EgressMode.None, []),
    };

    private static string Rule(EgressRule rule) =>
        (rule.Host ?? rule.Network) + (rule.Port is null ? "" : ":" + rule.Port.Value.ToString(CultureInfo.InvariantCulture));

    private static BuildWorkload? Build(BuildDefinition? build, WorkloadParts parts) => build is null
        ? null
        : new BuildWorkload(BuildKey(build, parts.Release), parts.Sources.Paths, build.Command, build.Dockerfile, build.Env, build.Output, ReleaseId.IsForced(parts.Release));

    private static string BuildKey(BuildDefinition build, Release release)
    {
        var text = new StringBuilder(release.InputsDigest).Append('\n');
        foreach (var part in build.Command)
            text.Append("command ").Append(part).Append('\0');
        foreach (var (name, value) in build.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            text.Append("env ").Append(name).Append('=').Append(value).Append('\0');
        text.Append("dockerfile ").Append(build.Dockerfile).Append('\0').Append("output ").Append(build.Output);
        if (ReleaseId.IsForced(release))
            text.Append('\0').Append("release ").Append(release.Id);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..40];
    }
}
