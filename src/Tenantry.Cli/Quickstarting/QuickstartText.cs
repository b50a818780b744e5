using Tenantry.Cli.Running;

namespace Tenantry.Cli.Quickstarting;

/// <summary>What the quickstart says when it is done.</summary>
internal static class QuickstartText
{
    public static void Write(Call call, ControlPlane plane, string folder, IReadOnlyList<DemoTenant> tenants, TimeSpan took)
    {
        var port = plane.Gateway[(plane.Gateway.LastIndexOf(':') + 1)..];
        if (call.Output.Json)
        {
            WriteJson(call, plane, folder, tenants, port, took);
            return;
        }

        var output = call.Output;
        output.Line();
        foreach (var tenant in tenants)
        {
            output.Line($"{tenant.Name}");
            output.Line($"  page    http://{tenant.Name}.localhost:{port}/");
            output.Line($"  editor  http://{tenant.Name}.localhost:{port}/admin/?access_token={tenant.Token}");
            output.Line($"  token   {tenant.Token}");
        }

        output.Line();
        output.Line("Try next, in another terminal:");
        output.Line($"  export TENANTRY_DATA={folder}");
        output.Line("  tenantry status");
        output.Line($"  curl -X POST http://alice.localhost:{port}/count     counts for alice alone; bob has a count of its own");
        output.Line("  tenantry freeze alice && tenantry wake alice");
        output.Line("  tenantry exec alice -- /bin/sh -c 'id; ls -l /data'");
        output.Line("  tenantry logs bob --follow");
        output.Line("  tenantry tenant remove bob");
        output.Line();
        output.Line("Ctrl-C stops the control plane. 'tenantry quickstart --remove' removes everything.");
    }

    public static void Stopped(Call call, string folder)
    {
        call.Output.Note("");
        call.Output.Note("The control plane is stopped. Alice and bob go on running, with nobody to lead requests to them.");
        call.Output.Note($"  tenantry quickstart{Option(call)}            takes them up again");
        call.Output.Note($"  tenantry quickstart{Option(call)} --remove   removes them, their data and {folder}");
    }

    public static void WriteCheck(Call call, TimeSpan took) => call.Output.Document(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("passed", true);
        writer.WriteNumber("seconds", Math.Round(took.TotalSeconds, 3));
        writer.WriteEndObject();
    });

    private static string Option(Call call) => call.DataOption is { } folder ? $" --data {folder}" : "";

    private static void WriteJson(Call call, ControlPlane plane, string folder, IReadOnlyList<DemoTenant> tenants, string port, TimeSpan took) => call.Output.Document(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("data", folder);
        writer.WriteString("api", plane.Api);
        writer.WriteString("gateway", plane.Gateway);
        writer.WriteNumber("seconds", Math.Round(took.TotalSeconds, 3));
        writer.WriteStartArray("tenants");
        foreach (var tenant in tenants)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tenant.Name);
            writer.WriteString("url", $"http://{tenant.Name}.localhost:{port}/");
            writer.WriteString("token", tenant.Token);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
