// Projects and their tasks as a NestJS application with stock pipes and guards, a login, and the document of
// @nestjs/swagger. `ts-node tasks.ts PORT` serves it; everything is in memory, and two users are known.

import 'reflect-metadata';
import {
  Body, CanActivate, ConflictException, Controller, Delete, ExecutionContext, Get, HttpCode, Injectable, Module,
  NotFoundException, Param, ParseUUIDPipe, Patch, Post, Query, UnauthorizedException, UseGuards, ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import {
  ApiBearerAuth, ApiConflictResponse, ApiCreatedResponse, ApiNoContentResponse, ApiNotFoundResponse, ApiOkResponse,
  ApiProperty, ApiPropertyOptional, ApiTags, DocumentBuilder, OmitType, PartialType, SwaggerModule,
} from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean, IsDateString, IsEmail, IsEnum, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min, MinLength,
} from 'class-validator';
import { randomUUID } from 'node:crypto';

enum Priority { Low = 'low', Normal = 'normal', High = 'high' }

class Login {
  @ApiProperty({ format: 'email', example: 'ann@example.com' }) @IsEmail() email!: string;
  @ApiProperty({ minLength: 8, example: 'correct horse' }) @IsString() @MinLength(8) password!: string;
}

class Token {
  @ApiProperty() access_token!: string;
}

class Refusal {
  @ApiProperty() statusCode!: number;
  @ApiProperty() message!: string;
  @ApiPropertyOptional() error?: string;
}

class NewProject {
  @ApiProperty({ minLength: 1, maxLength: 60 }) @IsString() @MinLength(1) @MaxLength(60) name!: string;
  @ApiPropertyOptional({ maxLength: 500 }) @IsOptional() @IsString() @MaxLength(500) description?: string;
}

class ChangedProject extends PartialType(NewProject) {}

class Project extends NewProject {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
}

class NewTask {
  @ApiProperty({ minLength: 1, maxLength: 120 }) @IsString() @MinLength(1) @MaxLength(120) title!: string;
  @ApiProperty({ format: 'uuid' }) @IsUUID() projectId!: string;
  @ApiPropertyOptional({ enum: Priority, default: Priority.Normal }) @IsOptional() @IsEnum(Priority) priority?: Priority;
  @ApiPropertyOptional({ format: 'date-time' }) @IsOptional() @IsDateString() dueAt?: string;
  @ApiPropertyOptional({ default: false }) @IsOptional() @IsBoolean() done?: boolean;
}

class ChangedTask extends PartialType(OmitType(NewTask, ['projectId'] as const)) {}

class Task extends NewTask {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
}

class Page {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, default: 1 })
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) page: number = 1;
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(100) limit: number = 20;
}

class TaskPage extends Page {
  @ApiPropertyOptional({ format: 'uuid' }) @IsOptional() @IsUUID() projectId?: string;
  @ApiPropertyOptional({ enum: Priority }) @IsOptional() @IsEnum(Priority) priority?: Priority;
}

class Projects {
  @ApiProperty({ type: [Project] }) items!: Project[];
  @ApiProperty({ type: 'integer' }) total!: number;
}

class Tasks {
  @ApiProperty({ type: [Task] }) items!: Task[];
  @ApiProperty({ type: 'integer' }) total!: number;
}

const users = new Map([['ann@example.com', 'correct horse'], ['bob@example.com', 'battery staple']]);
const projects = new Map<string, Project>();
const tasks = new Map<string, Task>();

function find<Thing>(things: Map<string, Thing>, id: string): Thing {
  const thing = things.get(id);
  if (!thing) throw new NotFoundException();
  return thing;
}

function cut<Thing>(things: Thing[], { page, limit }: Page) {
  return { items: things.slice((page - 1) * limit, page * limit), total: things.length };
}

@Injectable()
class LoggedIn implements CanActivate {
  constructor(private readonly jwt: JwtService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const [scheme, token] = (context.switchToHttp().getRequest().headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer') throw new UnauthorizedException();
    await this.jwt.verifyAsync(token).catch(() => { throw new UnauthorizedException(); });
    return true;
  }
}

@ApiTags('auth')
@Controller('auth')
class AuthController {
  constructor(private readonly jwt: JwtService) {}

  @Post('login') @HttpCode(200) @ApiOkResponse({ type: Token })
  async login(@Body() login: Login): Promise<Token> {
    if (users.get(login.email) !== login.password) throw new UnauthorizedException();
    return { access_token: await this.jwt.signAsync({ sub: login.email }) };
  }
}

@ApiTags('projects') @ApiBearerAuth() @UseGuards(LoggedIn)
@Controller('projects')
class ProjectsController {
  @Get() @ApiOkResponse({ type: Projects })
  list(@Query() page: Page) { return cut([...projects.values()], page); }

  @Post() @ApiCreatedResponse({ type: Project })
  create(@Body() body: NewProject) {
    const project = { id: randomUUID(), createdAt: new Date().toISOString(), ...body };
    projects.set(project.id, project);
    return project;
  }

  @Get(':id') @ApiOkResponse({ type: Project }) @ApiNotFoundResponse({ type: Refusal })
  read(@Param('id', ParseUUIDPipe) id: string) { return find(projects, id); }

  @Patch(':id') @ApiOkResponse({ type: Project }) @ApiNotFoundResponse({ type: Refusal })
  change(@Param('id', ParseUUIDPipe) id: string, @Body() body: ChangedProject) {
    return Object.assign(find(projects, id), body);
  }

  @Delete(':id') @HttpCode(204) @ApiNoContentResponse() @ApiNotFoundResponse({ type: Refusal })
  @ApiConflictResponse({ type: Refusal, description: 'The project has tasks.' })
  remove(@Param('id', ParseUUIDPipe) id: string) {
    find(projects, id);
    if ([...tasks.values()].some((task) => task.projectId === id)) throw new ConflictException('It has tasks');
    projects.delete(id);
  }
}

@ApiTags('tasks') @ApiBearerAuth() @UseGuards(LoggedIn)
@Controller('tasks')
class TasksController {
  @Get() @ApiOkResponse({ type: Tasks })
  list(@Query() page: TaskPage) {
    const fits = (task: Task) =>
      (!page.projectId || task.projectId === page.projectId) && (!page.priority || task.priority === page.priority);
    return cut([...tasks.values()].filter(fits), page);
  }

  @Post() @ApiCreatedResponse({ type: Task }) @ApiNotFoundResponse({ type: Refusal })
  create(@Body() body: NewTask) {
    find(projects, body.projectId);
    const known = { priority: Priority.Normal, done: false, ...body };
    const task = { id: randomUUID(), createdAt: new Date().toISOString(), ...known };
    tasks.set(task.id, task);
    return task;
  }

  @Get(':id') @ApiOkResponse({ type: Task }) @ApiNotFoundResponse({ type: Refusal })
  read(@Param('id', ParseUUIDPipe) id: string) { return find(tasks, id); }

  @Patch(':id') @ApiOkResponse({ type: Task }) @ApiNotFoundResponse({ type: Refusal })
  change(@Param('id', ParseUUIDPipe) id: string, @Body() body: ChangedTask) {
    return Object.assign(find(tasks, id), body);
  }

  @Delete(':id') @HttpCode(204) @ApiNoContentResponse() @ApiNotFoundResponse({ type: Refusal })
  remove(@Param('id', ParseUUIDPipe) id: string) {
    find(tasks, id);
    tasks.delete(id);
  }
}

@Module({
  imports: [JwtModule.register({ secret: 'not secret: it serves tests alone', signOptions: { expiresIn: '2h' } })],
  controllers: [AuthController, ProjectsController, TasksController],
  providers: [LoggedIn],
})
class Application {}

async function serve(port: number) {
  const application = await NestFactory.create(Application, { logger: ['error'] });
  application.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  const described = new DocumentBuilder().setTitle('Tasks').setVersion('1.0').addBearerAuth().build();
  SwaggerModule.setup('docs', application, SwaggerModule.createDocument(application, described));
  await application.listen(port, '127.0.0.1');
}

void serve(Number(process.argv[2]));
