using Tenantry.Model.Instances;

namespace Tenantry.Server.Workloads;

/// <summary>Addresses that people open: <c>scheme://SLUG.BASE-DOMAIN[:port]</c>.</summary>
/// <param name="BaseDomain">Such as <c>localhost</c>.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Port">The gateway's port as people see it.</param>
public sealed record InstanceUrls(string BaseDomain, string Scheme, int Port)
{
    /// <summary>The address of an instance.</summary>
    public Uri Of(InstanceSpec spec) => new UriBuilder(Scheme, $"{spec.Slug}.{BaseDomain}", Port).Uri;
}
