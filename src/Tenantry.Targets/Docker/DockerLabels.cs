using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Docker;

/// <summary>Labels on containers, networks and volumes. They are how an instance is found again; none holds a secret.</summary>
internal static class DockerLabels
{
    internal const string Owner = "tenantry.owner";
    internal const string Instance = "tenantry.instance";
    internal const string Slug = "tenantry.slug";
    internal const string Service = "tenantry.service";
    internal const string Volume = "tenantry.volume";
    internal const string Tenant = "tenantry.tenant";
    internal const string Organization = "tenantry.organization";
    internal const string App = "tenantry.app";
    internal const string Environment = "tenantry.environment";
    internal const string Tier = "tenantry.tier";
    internal const string Version = "tenantry.version";
    internal const string Release = "tenantry.release";
    internal const string WorkloadDigest = "tenantry.workload";
    internal const string ServiceDigest = "tenantry.service-digest";
    internal const string RestartNonce = "tenantry.restart-nonce";
    internal const string Shape = "tenantry.shape";
    internal const string Egress = "tenantry.egress";

    /// <summary>Labels of everything of an instance.</summary>
    internal static SortedDictionary<string, string> Of(InstanceRef instance) => new(StringComparer.Ordinal)
    {
        [Owner] = instance.Owner,
        [Instance] = instance.Id,
        [Slug] = instance.Slug,
    };

    /// <summary>The same, with whose it is, for people.</summary>
    internal static SortedDictionary<string, string> Of(InstanceWorkload workload)
    {
        var labels = Of(workload.Ref);
        labels[Tenant] = workload.Labels.Tenant;
        labels[Organization] = workload.Labels.Organization;
        labels[App] = workload.Labels.App;
        labels[Environment] = workload.Labels.Environment;
        labels[Tier] = workload.Labels.Tier;
        labels[Version] = workload.Labels.Version;
        return labels;
    }

    /// <summary>A query of the Engine API for what has all these labels.</summary>
    internal static string Filter(params (string Label, string Value)[] wanted) =>
        "filters=" + Uri.EscapeDataString(JsonSerializer.Serialize(new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["label"] = [.. wanted.Select(pair => $"{pair.Label}={pair.Value}")],
        }));

    /// <summary>A query of the Engine API for what has this in its name.</summary>
    internal static string NameFilter(string part) =>
        "filters=" + Uri.EscapeDataString(JsonSerializer.Serialize(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["name"] = [part] }));

    internal static string FilterOf(InstanceRef instance) => Filter((Owner, instance.Owner), (Instance, instance.Id));
}

/// <summary>What an observation must know without the workload: it stands in a label of every container.</summary>
/// <param name="Services">All services of the instance, in order.</param>
/// <param name="Volumes">Names of all its volumes.</param>
/// <param name="Port">The port that the gateway reaches, or null.</param>
/// <param name="Health">How this service's health is asked for from outside, or null.</param>
/// <param name="StopGraceSeconds">How long this service may take to stop.</param>
/// <param name="StopSignal">What this service is asked to stop with.</param>
internal sealed record ServiceShape(
    IReadOnlyList<string> Services, IReadOnlyList<string> Volumes, int? Port, HealthWorkload? Health, double StopGraceSeconds, string StopSignal)
{
    internal static ServiceShape Of(InstanceWorkload workload, ServiceWorkload service) => new(
        [.. workload.Services.Select(one => one.Name)],
        [.. VolumesOf(workload).Select(volume => volume.Name)],
        workload.EntryPort,
        service.Health is { Command: null } health ? health with { Port = health.Port ?? service.Ports.FirstOrDefault()?.Number } : null,
        service.StopGrace.TotalSeconds,
        service.StopSignal);

    /// <summary>The volumes of all services, each once, in order of their names.</summary>
    internal static IEnumerable<VolumeWorkload> VolumesOf(InstanceWorkload workload) =>
        workload.Services.SelectMany(service => service.Volumes).DistinctBy(volume => volume.Name).OrderBy(volume => volume.Name, StringComparer.Ordinal);

    internal string ToLabel() => JsonSerializer.Serialize(this);

    internal static ServiceShape? Read(string? label)
    {
        try
        {
            return label is null ? null : JsonSerializer.Deserialize<ServiceShape>(label);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
