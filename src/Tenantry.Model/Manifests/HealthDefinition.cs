namespace Tenantry.Model.Manifests;

/// <summary>
/// How to tell that a service works: exactly one of <see cref="Http"/>, <see cref="Tcp"/> and <see cref="Command"/> is set. A service is
/// healthy after one success and unhealthy after <see cref="Retries"/> failures in a row.
/// </summary>
public sealed record HealthDefinition
{
    /// <summary>Healthy when a GET answers 200 to 399.</summary>
    public HttpProbe? Http { get; init; }

    /// <summary>Healthy when this port accepts a connection.</summary>
    public int? Tcp { get; init; }

    /// <summary>Healthy when this program, run inside the instance without a shell, exits 0.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Time between two probes of a service that has been healthy; a starting one is asked more often.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A probe without an answer after this has failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Failures in a row that make it unhealthy, at least 1.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Time after the start in which failures do not count. A service not healthy when it ends and the retries are used up has failed to start.</summary>
    public TimeSpan StartPeriod { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A GET of <see cref="Path"/> on <see cref="Port"/> of the service.</summary>
public sealed record HttpProbe
{
    /// <summary>Starts with a slash; may hold a query.</summary>
    public required string Path { get; init; }

    public required int Port { get; init; }
}
