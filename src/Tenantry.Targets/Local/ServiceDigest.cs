using System.Security.Cryptography;
using System.Text.Json;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Local;

/// <summary>Digests by which a changed part of a workload is found. Everything that a container is made from counts.</summary>
internal static class ServiceDigest
{
    internal static string Of(InstanceWorkload workload, ServiceWorkload service, LocalTargetOptions options) => Digest(new
    {
        Service = service with { Env = Sorted(service.Env) },
        Build = workload.Release.Build?.Key,
        Source = service.Root.Kind == RootKind.Host || Path.IsPathRooted(service.Root.Path) ? "" : workload.Release.SourceFolder,
        Runtime = RuntimeOf(workload, options),
        Secrets = OfSecrets(workload),
        workload.Ref.Slug,
        Several = workload.Services.Count > 1,
        Resolver = workload.Egress.Mode == EgressMode.Internet,
        options.TmpBytes,
    });

    internal static string OfSecrets(InstanceWorkload workload) => Digest(Sorted(workload.Secrets));

    internal static LocalRuntime RuntimeOf(InstanceWorkload workload, LocalTargetOptions options) =>
        LocalTargetOptions.RuntimeNamed(workload.Limits.Runtime) ?? options.Runtime;

    private static SortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string> values)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
            sorted.Add(name, value);
        return sorted;
    }

    private static string Digest<T>(T value) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value)));
}
