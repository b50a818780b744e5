using System.Globalization;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>Load balancers of instances.</summary>
internal static class LoadBalancers
{
    /// <summary>The listener of a load balancer at a port, or null.</summary>
    internal static async Task<string?> FindListenerAsync(IAws aws, string balancer, int port, CancellationToken cancellationToken)
    {
        var answer = await aws.QueryAsync(AwsService.Balancing, "DescribeListeners", new Dictionary<string, string>(StringComparer.Ordinal) { ["LoadBalancerArn"] = balancer }, cancellationToken);
        return answer.Descendants()
            .Where(element => element.Name.LocalName == "member" && element.Elements().Any(part => part.Name.LocalName == "Port" && part.Value == port.ToString(CultureInfo.InvariantCulture)))
            .SelectMany(element => element.Elements())
            .FirstOrDefault(part => part.Name.LocalName == "ListenerArn")?.Value;
    }
}
