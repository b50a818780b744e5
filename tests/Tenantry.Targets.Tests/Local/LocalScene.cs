using Tenantry.Targets.Local;

namespace Tenantry.Targets.Tests.Local;

/// <summary>A target of each test's own, and its instances.</summary>
public abstract class LocalScene : IAsyncLifetime
{
    private protected Instances Instances { get; private set; } = null!;

    private protected LocalTarget Target => Instances.Harness.Local;

    public Task InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
            Instances = new Instances(new LocalHarness());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (Instances is not null)
            await Instances.DisposeAsync();
    }
}
