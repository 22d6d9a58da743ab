"""The decision file (决策卷宗): one case as one signed file that is checked without the platform."""
