using System.Diagnostics;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>Instances of the benchmark's app on a control plane.</summary>
internal sealed class Fleet(ControlPlane plane, string app, string target)
{
    public const string Manifest = """
        app: bench-static
        version: "1"
        services:
          web:
            command: [/bin/busybox, httpd, -f, -p, "127.0.0.1:8080", -h, /etc/site]
            ports: [8080]
            files:
              /etc/site/index.html:
                template: "hello ${tenant.name}"
            health:
              http: /
              interval: 30s
        tiers:
          small:
            memory: 16MB
            memoryReservation: 1MB
            cpu: 0.5
            pids: 16
            disk: 16MB
        """;

    public string HostOf(string slug) => $"{slug}.localhost";

    public async Task CreateAsync(string name, CancellationToken cancellationToken)
    {
        var operation = await StartAsync(name, cancellationToken);
        await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
    }

    public async Task<OperationResponse> StartAsync(string name, CancellationToken cancellationToken)
    {
        // As "tenantry tenant add" asks for it.
        return await plane.Client.Instances.Create(new CreateInstanceRequest(name, app, Target: target, Tier: "small", NewTenant: new CreateTenantRequest(name))).SendAsync(cancellationToken);
    }

    public async Task<TimeSpan> CreateUntilAnswerAsync(string name, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await StartAsync(name, cancellationToken);
        await Answer.UntilOkAsync(plane.GatewayPort, HostOf(name), cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>The same, asking only once the creation is done: where many are made at once, asking all the while is work of its own.</summary>
    public async Task CreateThenAnswerAsync(string name, CancellationToken cancellationToken)
    {
        await CreateAsync(name, cancellationToken);
        await Answer.UntilOkAsync(plane.GatewayPort, HostOf(name), cancellationToken);
    }

    public async Task<TimeSpan> WakeUntilAnswerAsync(string name, InstancePhase from, CancellationToken cancellationToken)
    {
        var verb = from == InstancePhase.Frozen ? plane.Client.Instances.Freeze(name) : plane.Client.Instances.Sleep(name);
        if ((await verb.SendAsync(cancellationToken)).Operation is { } operation)
            await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
        while ((await plane.Client.Instances.GetAsync(name, cancellationToken)).Phase != from)
            await Task.Delay(5, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        await plane.Client.Instances.Wake(name).SendAsync(cancellationToken);
        await Answer.UntilOkAsync(plane.GatewayPort, HostOf(name), cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    public async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        var operations = new List<OperationResponse>();
        await foreach (var tenant in plane.Client.Tenants.ListAsync(cancellationToken))
            operations.AddRange((await plane.Client.Tenants.Delete(tenant.Name).SendAsync(cancellationToken)).Operations);
        foreach (var operation in operations)
            await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
    }
}
