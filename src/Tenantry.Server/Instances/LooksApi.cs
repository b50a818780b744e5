using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>What an instance needs beside its processes, looked at where it runs at that moment. Changes nothing.</summary>
internal static class LooksApi
{
    public static async Task<Ok<PageResponse<LookResponse>>> ListAsync(string slug, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        return TypedResults.Ok(PageQuery.Whole(await engine.LookAsync(record.Spec.Id, cancellationToken), one => new LookResponse(one.What, one.IsTrue, one.Hint)));
    }
}
