using System.Text.Json;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Writing;

/// <summary>A failure for programs: <c>{"error": {"exitCode", "code", "message", "fix", "errors", "requestId"}}</c>.</summary>
internal static class JsonFailure
{
    public static void Write(Utf8JsonWriter writer, Failure failure)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("exitCode", (int)failure.ExitCode);
        writer.WriteString("code", failure.Code);
        writer.WriteString("message", failure.Message);
        writer.WriteString("fix", failure.Fix);
        writer.WriteStartArray("errors");
        foreach (var error in failure.Errors)
            Output.Write(writer, error);
        writer.WriteEndArray();
        writer.WriteString("requestId", failure.RequestId);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
