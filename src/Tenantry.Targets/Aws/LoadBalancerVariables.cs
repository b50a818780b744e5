using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Aws;

/// <summary>What Terraform is told of a load balancer. Pure.</summary>
internal static class LoadBalancerVariables
{
    /// <summary>
    /// It asks for health by HTTP alone. Of an app that names no path, whatever answers is up; a check by a command is the container's own.
    /// </summary>
    internal static JsonObject Of(HealthWorkload? health, AwsTargetOptions options)
    {
        var interval = Math.Clamp((int)(health?.Interval.TotalSeconds ?? 15), 5, 300);
        return new JsonObject
        {
            ["health_path"] = health?.HttpPath ?? "/",
            ["health_matcher"] = health?.HttpPath is null ? "200-499" : "200-399",
            ["health_interval"] = interval,
            ["health_timeout"] = Math.Clamp((int)(health?.Timeout.TotalSeconds ?? 5), 2, Math.Min(120, interval - 1)),
            ["health_retries"] = Math.Clamp(health?.Retries ?? 3, 2, 10),
            ["certificate"] = options.Certificate,
            ["gateways"] = new JsonArray([.. options.Gateways.Select(network => (JsonNode?)network)]),
            ["is_open"] = options.IsOpen,
        };
    }
}
