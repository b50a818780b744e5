using System.Text.Json;
using Tenantry.Targets.Docker.Running;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>What the engine's list of processes says of a container's first one.</summary>
public class FirstProcessTests
{
    private const int Term = 15;

    [Theory]
    [InlineData("null", false)]
    [InlineData("[]", false)]
    [InlineData("""[["7","0000000000000000","0000000000000000","0000000000000000"]]""", true)]
    [InlineData("""[["7","0000000000000000","0000000000000000","0000000000004000"]]""", false)]
    public void OfAContainerThatHasJustEndedThereIsNoListAndNothingIsKnown(string processes, bool isDeaf)
    {
        using var list = JsonDocument.Parse($$"""{"Titles":["PID","BLOCKED","IGNORED","CAUGHT"],"Processes":{{processes}}}""");

        FirstProcess.IsDeaf(list.RootElement, 7, Term).ShouldBe(isDeaf);
    }
}
