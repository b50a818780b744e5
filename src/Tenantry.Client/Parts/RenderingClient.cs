using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Instances in the words of other tools; nothing here changes anything.</summary>
public sealed class RenderingClient
{
    private readonly Transport _transport;

    internal RenderingClient(Transport transport) => _transport = transport;

    /// <summary>A Compose file and what belongs beside it. Instances that cannot be in it are named in the answer.</summary>
    public async Task<RenderComposeResponse> ComposeAsync(RenderComposeRequest request, CancellationToken cancellationToken = default)
    {
        using var message = _transport.Request(HttpMethod.Post, "v1/render/compose");
        message.Content = Transport.Json(request);
        using var response = await _transport.SendAsync(message, cancellationToken);
        return await _transport.ReadAsync<RenderComposeResponse>(response, cancellationToken);
    }

    /// <summary>Instances of AWS targets in Terraform's words, with what they cost by list prices. Those that cannot be rendered are named in the answer.</summary>
    public async Task<RenderTerraformResponse> TerraformAsync(RenderTerraformRequest request, CancellationToken cancellationToken = default)
    {
        using var message = _transport.Request(HttpMethod.Post, "v1/render/terraform");
        message.Content = Transport.Json(request);
        using var response = await _transport.SendAsync(message, cancellationToken);
        return await _transport.ReadAsync<RenderTerraformResponse>(response, cancellationToken);
    }
}
