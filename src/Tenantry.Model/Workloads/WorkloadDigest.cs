using System.Security.Cryptography;
using System.Text.Json;
using Tenantry.Model.Instances;

namespace Tenantry.Model.Workloads;

/// <summary>Computes <see cref="InstanceWorkload.Digest"/>.</summary>
public static class WorkloadDigest
{
    private const DesiredState AnyState = DesiredState.Running;

    /// <summary>The digest of a workload: what it should be doing, its restart nonce and its present digest do not count.</summary>
    public static string Of(InstanceWorkload workload)
    {
        var canonical = workload with
        {
            Desired = AnyState,
            RestartNonce = 0,
            Digest = "",
            Secrets = Sorted(workload.Secrets),
            Services = [.. workload.Services.Select(service => service with { Env = Sorted(service.Env) })],
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(canonical);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    private static SortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string> values)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in values)
            sorted.Add(key, value);
        return sorted;
    }
}
