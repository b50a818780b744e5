using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;

namespace Tenantry.Cli.Importing;

/// <summary>An instance that an earlier import made and had no time to finish: it has never run, and nobody has touched it since.</summary>
/// <param name="Slug">The instance.</param>
/// <param name="HasData">True when all of it is there and it only was not woken.</param>
internal sealed record HalfAdopted(string Slug, bool HasData)
{
    /// <summary>That of a tenant, or null when there is none. One that a person held down has been awake before, or was put to sleep.</summary>
    public static async Task<HalfAdopted?> FindAsync(Call call, string app, string tenant)
    {
        await foreach (var one in call.Client.Instances.ListAsync(new InstanceQuery(tenant, app), call.CancellationToken))
        {
            if (await call.Client.Instances.FindAsync(one.Slug, call.CancellationToken) is not { } instance)
                continue;
            var done = await call.Client.Operations.ListAsync(one.Slug, call.CancellationToken).Where(operation => operation.InstanceId == instance.Id).Select(operation => operation.Kind).ToListAsync(call.CancellationToken);
            if (done.TrueForAll(kind => kind is OperationKind.Create or OperationKind.Update) && (instance.Hold == InstanceHold.Down || instance.Desired == DesiredState.Asleep))
                return new HalfAdopted(one.Slug, instance.Hold != InstanceHold.Down);
        }

        return null;
    }
}
