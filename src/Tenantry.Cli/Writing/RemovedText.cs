namespace Tenantry.Cli.Writing;

/// <summary>Tells that something is gone.</summary>
internal static class RemovedText
{
    public static void Removed(this Output output, string kind, string name)
    {
        if (!output.Json)
        {
            output.Line($"Removed {kind} {name}.");
            return;
        }

        output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("removed", kind);
            writer.WriteString("name", name);
            writer.WriteEndObject();
        });
    }
}
