namespace Tenantry.Model.Manifests;

/// <summary>Where an instance may connect to. The cloud's metadata address is closed in every mode.</summary>
public sealed record EgressPolicy
{
    public EgressMode Mode { get; init; } = EgressMode.None;

    /// <summary>What is open when <see cref="Mode"/> is <see cref="EgressMode.Listed"/>, and empty otherwise.</summary>
    public IReadOnlyList<EgressRule> Allow { get; init; } = [];
}

/// <summary>A place that may be connected to. Exactly one of <see cref="Host"/> and <see cref="Network"/> is set.</summary>
public sealed record EgressRule
{
    /// <summary>DNS name, lower case, without wildcard.</summary>
    public string? Host { get; init; }

    /// <summary>Addresses in CIDR form: <c>10.1.0.0/16</c>, <c>203.0.113.7/32</c>, <c>2001:db8::/32</c>.</summary>
    public string? Network { get; init; }

    /// <summary>TCP or UDP port; null: every port.</summary>
    public int? Port { get; init; }
}
